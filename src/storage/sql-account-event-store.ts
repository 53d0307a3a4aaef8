import type { Knex } from "knex";
import type { AccountEvent, AccountEventStore } from "../accounts/account-event-store.js";
import type { Clock } from "../lib/clock.js";
import type { AccountEventRow } from "./account-tables.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";

export interface SqlAccountEventStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Sorted, so that two who write the same events never wait for each other. */
const UPSERT = `insert into account_event
  (id, account_id, kind, about, user_agent, network, count, began_at, at, expires_at)
  select v.id, v.account_id, v.kind, v.about, v.user_agent, v.network,
    v.count, v.began_at, v.at, v.expires_at
  from (select cast(? as text) as id, cast(? as text) as account_id, cast(? as text) as kind,
    cast(? as text) as about, cast(? as text) as user_agent, cast(? as text) as network,
    cast(? as integer) as count, cast(? as bigint) as began_at, cast(? as bigint) as at,
    cast(? as bigint) as expires_at) as v
  where exists (select 1 from account where account.id = v.account_id)
  on conflict (id) do update set
    count = account_event.count + excluded.count,
    at = excluded.at,
    user_agent = excluded.user_agent,
    network = excluded.network,
    expires_at = excluded.expires_at`;

/** What happened to accounts, in `account_event`. */
export function createSqlAccountEventStore(deps: SqlAccountEventStoreDeps): AccountEventStore {
  const { database, clock } = deps;
  const { knex, dialect } = database;

  return reportOutages<AccountEventStore>(dialect, {
    async add(events) {
      if (events.length === 0) return;
      const rows = events.map(toRow).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      await knex.transaction(async (transaction) => {
        for (const row of rows) await transaction.raw(UPSERT, bindingsOf(row));
      });
    },

    async listOfAccount(accountId, { after, limit }) {
      const page = knex("account_event")
        .where({ account_id: accountId })
        .where("expires_at", ">", clock.nowSeconds())
        .orderBy([
          { column: "at", order: "desc" },
          { column: "id", order: "desc" },
        ])
        .limit(limit);
      const rows = await (after === undefined
        ? page
        : page.whereRaw("(at, id) < (?, ?)", [after.atSeconds, after.id]));
      return rows.map(toEvent);
    },

    async purgeExpired(batchSize) {
      const batch = knex("account_event")
        .select("id")
        .where("expires_at", "<=", clock.nowSeconds())
        .orderBy("expires_at")
        .limit(batchSize);
      return knex("account_event").whereIn("id", dialect.skipLocked(batch)).delete();
    },
  });
}

function bindingsOf(row: AccountEventRow): Knex.RawBinding[] {
  const { id, account_id, kind, about, user_agent, network } = row;
  return [
    id,
    account_id,
    kind,
    about,
    user_agent,
    network,
    row.count,
    row.began_at,
    row.at,
    row.expires_at,
  ];
}

function toRow(event: AccountEvent): AccountEventRow {
  return {
    id: event.id,
    account_id: event.accountId,
    kind: event.kind,
    about: event.about ?? null,
    user_agent: event.userAgent ?? null,
    network: event.network ?? null,
    count: event.count,
    began_at: event.beganAtSeconds,
    at: event.atSeconds,
    expires_at: event.expiresAtSeconds,
  };
}

function toEvent(row: AccountEventRow): AccountEvent {
  return {
    id: row.id,
    accountId: row.account_id,
    kind: row.kind,
    about: row.about ?? undefined,
    userAgent: row.user_agent ?? undefined,
    network: row.network ?? undefined,
    count: row.count,
    beganAtSeconds: row.began_at,
    atSeconds: row.at,
    expiresAtSeconds: row.expires_at,
  };
}
