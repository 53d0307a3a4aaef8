import type { Knex } from "knex";
import type { Clock } from "../lib/clock.js";
import type { ModelRecord, ModelStore, StoredSession } from "../oidc/model-store.js";
import { takesPart } from "../oidc/session-facts.js";
import { MODEL_COLUMN } from "./model-row.js";
import type { Database } from "./open-database.js";
import { parseStoredObject } from "./stored-json.js";

export interface SqlSessionIndexDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** What the SQL store finds by account and by client. */
export interface SqlSessionIndex extends Pick<
  ModelStore,
  "listSessions" | "listGrants" | "listSessionsOfClient"
> {
  join(record: ModelRecord, connection: Knex): Promise<void>;
  purgeExpired(batchSize: number): Promise<number>;
}

/** 200 sessions of 2 kB are read within milliseconds. */
const PAGE_SIZE = 200;
const UNEXPIRED = "(expires_at is null or expires_at > ?)";
/** Kept for each use of a grant; a JWT is kept nowhere. */
const ISSUED = ["AuthorizationCode", "AccessToken", "RefreshToken"];

export function createSqlSessionIndex({ database, clock }: SqlSessionIndexDeps): SqlSessionIndex {
  const { knex, dialect } = database;

  const unexpired = () => knex("model").whereRaw(UNEXPIRED, [clock.nowSeconds()]);

  async function findLastIssued(grantIds: readonly string[]): Promise<Map<string, number>> {
    const latest = new Map<string, number>();
    if (grantIds.length === 0) return latest;
    const rows = await unexpired()
      .whereIn("grant_id", [...grantIds])
      .whereIn("model", ISSUED)
      .select("grant_id", "payload");
    for (const { grant_id: grantId, payload } of rows) {
      const { iat } = parseStoredObject(payload, MODEL_COLUMN);
      if (grantId === null || typeof iat !== "number") continue;
      latest.set(grantId, Math.max(iat, latest.get(grantId) ?? 0));
    }
    return latest;
  }

  /** Of several with one uid, the one written last. */
  async function findSessions(uids: readonly string[]): Promise<StoredSession[]> {
    const rows = await unexpired()
      .where({ model: "Session" })
      .whereIn("uid", [...uids])
      .orderBy("expires_at")
      .select("id", "uid", "payload");
    return [...new Map(rows.map((row) => [row.uid, toStored(row)])).values()];
  }

  return {
    async join({ payload, joins }, connection) {
      const { uid } = payload;
      if (joins === undefined || typeof uid !== "string") return;
      const expires_at = clock.nowSeconds() + joins.endsInSeconds;
      const rows = joins.clientIds.map((client_id) => ({ client_id, uid, expires_at }));
      await connection("session_client").insert(rows).onConflict(["client_id", "uid"]).merge();
    },

    async listSessions(accountId) {
      const rows = await unexpired()
        .where({ model: "Session", account_id: accountId })
        .select("id", "payload");
      return rows.map(toStored);
    },

    async listGrants(accountId) {
      const rows = await unexpired()
        .where({ model: "Grant", account_id: accountId })
        .select("id", "payload");
      const latest = await findLastIssued(rows.map(({ id }) => id));
      return rows.map((row) => ({ ...toStored(row), lastIssuedAtSeconds: latest.get(row.id) }));
    },

    async listSessionsOfClient(clientId, after = "") {
      const entries = await knex("session_client")
        .where({ client_id: clientId })
        .where("uid", ">", after)
        .orderBy("uid")
        .limit(PAGE_SIZE)
        .select("uid");
      const sessions = await findSessions(entries.map(({ uid }) => uid));
      return {
        sessions: sessions.filter(({ payload }) => takesPart(payload, clientId)),
        next: entries.length < PAGE_SIZE ? undefined : entries.at(-1)?.uid,
      };
    },

    async purgeExpired(batchSize) {
      const batch = knex("session_client")
        .select("client_id", "uid")
        .where("expires_at", "<=", clock.nowSeconds())
        .orderBy("expires_at")
        .limit(batchSize);
      return knex("session_client")
        .whereIn(["client_id", "uid"], dialect.skipLocked(batch))
        .delete();
    },
  };
}

function toStored({ id, payload }: { id: string; payload: string }): StoredSession {
  return { id, payload: parseStoredObject(payload, MODEL_COLUMN) };
}
