import { hash } from "node:crypto";
import type { Clock } from "../lib/clock.js";
import { parseConsentId } from "../tokens/revocation-store.js";
import type {
  CounterBlock,
  CounterRequest,
  RevokedSubject,
  StatusListEntry,
  TokenSubjects,
  StatusListStore,
} from "../tokens/status-list-store.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import type { StatusListEntryRow, StatusListRow } from "./status-list-tables.js";

export interface SqlStatusListStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** 500: few enough for the planners to look each up in an index, and read within milliseconds. */
const SUBJECTS_A_STATEMENT = 500;

/** SQLite takes at most 500 rows in one insert. */
const MAX_ROWS_PER_INSERT = 400;

/** 60 s more than any of its tokens: a node whose clock is behind may still give it out. */
const PURGE_DELAY_SECONDS = 60;

/** By what an entry is found. */
const DIGEST_COLUMNS = {
  token: ["jti_digest"],
  grant: ["grant_digest"],
  session: ["session_digest"],
  account: ["account_digest"],
  client: ["client_digest"],
  consent: ["account_digest", "client_digest"],
} as const satisfies Record<RevokedSubject["subject"], readonly (keyof StatusListEntryRow)[]>;

/**
 * Status lists in `status_list` and their tokens in `status_list_entry`, which holds digests of ids: a
 * row and its indexes take a third of the room, and tell of nobody who does not have the id.
 */
export function createSqlStatusListStore({
  database,
  clock,
}: SqlStatusListStoreDeps): StatusListStore {
  const { knex, dialect } = database;

  async function reserveFromNewest(api: string, count: number): Promise<CounterBlock | undefined> {
    const [row] = await knex("status_list")
      .where({ api })
      .andWhere("generation", knex("status_list").where({ api }).max("generation"))
      .andWhere("next", "<", knex.ref("capacity"))
      .andWhere("closes_at", ">", clock.nowSeconds())
      .update({ next: knex.raw("next + ?", count) })
      .returning("*");
    return row === undefined ? undefined : toBlock(row, count);
  }

  /** The next generation after a newest one that nothing can be had from; one caller makes it. */
  async function openNext({ api, next }: CounterRequest): Promise<void> {
    const newest = await knex("status_list").where({ api }).orderBy("generation", "desc").first();
    if (newest !== undefined && isOpen(newest, clock.nowSeconds())) return;
    const { id, seed, capacity, closesAtSeconds, expiresAtSeconds } = next();
    await knex("status_list")
      .insert({
        id,
        api,
        generation: (newest?.generation ?? 0) + 1,
        seed,
        capacity,
        next: 0,
        closes_at: closesAtSeconds,
        expires_at: expiresAtSeconds,
      })
      .onConflict(["api", "generation"])
      .ignore();
  }

  async function reserve(request: CounterRequest): Promise<CounterBlock> {
    const block = await reserveFromNewest(request.api, request.count);
    if (block !== undefined) return block;
    await openNext(request);
    // Others may have used up the new one meanwhile, but then each of them got something.
    return reserve(request);
  }

  /** @param revoked of one subject. */
  async function findEntries(
    table: "status_list_entry" | "status_list_ancestor",
    revoked: readonly RevokedSubject[],
  ): Promise<Pick<StatusListEntry, "listId" | "index">[]> {
    const [first] = revoked;
    if (first === undefined) return [];
    const digests = DIGEST_COLUMNS[first.subject];
    const columns = [...digests, "issued_until"];
    const names = columns.map((column, index) => `column${index + 1} as ${column}`).join(", ");
    const row = `(${columns.map(() => "cast(? as bigint)").join(", ")})`;
    const given = knex.raw(
      `select ${names} from (values ${revoked.map(() => row).join(", ")}) as given`,
      revoked.flatMap((each) => [...digestsOf(each), each.issuedUntilSeconds]),
    );
    return (
      knex
        .with("revoked", given)
        .from("revoked")
        // A cross join, which SQLite takes in this order: else it would read all entries each time.
        .crossJoin(knex.raw(`${table} as entry`))
        .whereRaw(digests.map((column) => `entry.${column} = revoked.${column}`).join(" and "))
        .whereRaw("entry.issued_at <= revoked.issued_until")
        .select({ listId: "entry.list_id", index: "entry.idx" })
    );
  }

  return reportOutages<StatusListStore>(dialect, {
    reserve,

    async extend(listId, expiresAtSeconds) {
      await knex("status_list")
        .where({ id: listId })
        .andWhere("expires_at", "<", expiresAtSeconds)
        .update({ expires_at: expiresAtSeconds });
    },

    async add(entries) {
      const rows = entries.map((entry) => toRow(entry, entry));
      const ancestors = entries.flatMap((entry) =>
        (entry.ancestors ?? []).map((ancestor) => toRow(entry, ancestor)),
      );
      if (ancestors.length === 0) {
        await knex("status_list_entry").insert(rows);
        return;
      }
      await knex.transaction(async (transaction) => {
        await transaction("status_list_entry").insert(rows);
        await transaction.batchInsert("status_list_ancestor", ancestors, MAX_ROWS_PER_INSERT);
      });
    },

    async find(listId) {
      const row = await knex("status_list")
        .where({ id: listId })
        .andWhere("expires_at", ">", clock.nowSeconds())
        .first();
      return row === undefined ? undefined : { id: row.id, api: row.api, capacity: row.capacity };
    },

    async findRevoked(revoked) {
      const found = [];
      for (const group of Object.values(Object.groupBy(revoked, ({ subject }) => subject))) {
        for (let start = 0; start < group.length; start += SUBJECTS_A_STATEMENT) {
          const some = group.slice(start, start + SUBJECTS_A_STATEMENT);
          found.push(...(await findEntries("status_list_entry", some)));
          found.push(...(await findEntries("status_list_ancestor", some)));
        }
      }
      return found;
    },

    async purgeExpired(limit) {
      let deleted = 0;
      while (deleted < limit) {
        const list = await knex("status_list")
          .where("expires_at", "<=", clock.nowSeconds() - PURGE_DELAY_SECONDS)
          .first("id");
        if (list === undefined) break;
        const batch = knex("status_list_entry")
          .select("list_id", "idx")
          .where({ list_id: list.id })
          .limit(limit - deleted);
        const entries = await knex("status_list_entry")
          .whereIn(["list_id", "idx"], dialect.skipLocked(batch))
          .delete();
        deleted += entries;
        if (entries > 0) continue;
        // Nothing left of it, or another node is at it.
        if (!(await deleteEmpty(list.id))) break;
        deleted++;
      }
      return deleted;
    },
  });

  async function deleteEmpty(id: number): Promise<boolean> {
    const entries = knex("status_list_entry").where("list_id", id).select(knex.raw("1"));
    const deleted = await knex("status_list").where({ id }).whereNotExists(entries).delete();
    return deleted === 1;
  }
}

function isOpen(list: StatusListRow, nowSeconds: number): boolean {
  return list.next < list.capacity && list.closes_at > nowSeconds;
}

function toBlock(row: StatusListRow, count: number): CounterBlock {
  return {
    id: row.id,
    api: row.api,
    capacity: row.capacity,
    seed: row.seed,
    closesAtSeconds: row.closes_at,
    expiresAtSeconds: row.expires_at,
    first: row.next - count,
    end: Math.min(row.next, row.capacity),
  };
}

/** @param token whose revocation the bit is for. */
function toRow({ listId, index }: StatusListEntry, token: TokenSubjects): StatusListEntryRow {
  return {
    list_id: listId,
    idx: index,
    jti_digest: digestOf(token.jti),
    grant_digest: digestOrNull(token.grantId),
    session_digest: digestOrNull(token.sessionUid),
    account_digest: digestOrNull(token.accountId),
    client_digest: digestOf(token.clientId),
    issued_at: token.issuedAtSeconds,
  };
}

/** In the order of `DIGEST_COLUMNS`. */
function digestsOf({ subject, id }: RevokedSubject): number[] {
  if (subject !== "consent") return [digestOf(id)];
  const { accountId, clientId } = parseConsentId(id);
  return [digestOf(accountId), digestOf(clientId)];
}

function digestOrNull(id: string | undefined): number | null {
  return id === undefined ? null : digestOf(id);
}

/**
 * 52 bits of SHA-256, which both databases and JavaScript hold exactly. Ten thousand revocations
 * beside a million tokens meet by chance once in half a million times; a token would then be refused
 * that is good. Nobody can choose the ids that are compared.
 */
function digestOf(id: string): number {
  return Number.parseInt(hash("sha256", id, "hex").slice(0, 13), 16);
}
