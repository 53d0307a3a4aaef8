import type {
  UpstreamSession,
  UpstreamSessionStore,
} from "../federation/upstream-session-store.js";
import type { Clock } from "../lib/clock.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import type { UpstreamSessionRow } from "./tables.js";

export interface SqlUpstreamSessionStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** What began at other providers, in `upstream_session`. */
export function createSqlUpstreamSessionStore({
  database,
  clock,
}: SqlUpstreamSessionStoreDeps): UpstreamSessionStore {
  const { knex, dialect } = database;
  const live = () => knex("upstream_session").where("expires_at", ">", clock.nowSeconds());

  return reportOutages<UpstreamSessionStore>(dialect, {
    async save(session) {
      await knex("upstream_session")
        .insert(toRow(session))
        .onConflict(["session", "provider"])
        .merge();
    },

    async listOf(handle) {
      const rows = await live().where("session", handle).orderBy("began_at", "desc");
      return rows.map(toUpstreamSession);
    },

    async listMeant({ providerId, subject, sid }) {
      if (subject === undefined && sid === undefined) return [];
      const query = live().where("provider", providerId);
      if (subject !== undefined) void query.where("subject", subject);
      if (sid !== undefined) void query.where("sid", sid);
      return (await query).map(toUpstreamSession);
    },

    async forget(handle) {
      await knex("upstream_session").where("session", handle).delete();
    },

    async purgeExpired(batchSize) {
      const batch = knex("upstream_session")
        .select("session", "provider")
        .where("expires_at", "<=", clock.nowSeconds())
        .orderBy("expires_at")
        .limit(batchSize);
      return knex("upstream_session")
        .whereRaw("(session, provider) in (?)", [dialect.skipLocked(batch)])
        .delete();
    },
  });
}

function toRow(session: UpstreamSession): UpstreamSessionRow {
  return {
    session: session.handle,
    provider: session.providerId,
    subject: session.subject,
    sid: session.sid ?? null,
    sealed_id_token: session.sealedIdToken ?? null,
    began_at: session.beganAtSeconds,
    expires_at: session.expiresAtSeconds,
  };
}

function toUpstreamSession(row: UpstreamSessionRow): UpstreamSession {
  return {
    handle: row.session,
    providerId: row.provider,
    subject: row.subject,
    sid: row.sid ?? undefined,
    sealedIdToken: row.sealed_id_token ?? undefined,
    beganAtSeconds: row.began_at,
    expiresAtSeconds: row.expires_at,
  };
}
