import type { Knex } from "knex";
import type { Clock } from "../lib/clock.js";
import {
  REVOCATION_SUBJECTS,
  type Revocation,
  type RevocationStore,
} from "../tokens/revocation-store.js";
import { createBatchedFind } from "./batched-find.js";
import { isFindable } from "./findable.js";
import type { Database } from "./open-database.js";
import type { ExpiredPurge } from "./purge-loop.js";
import { reportOutages } from "./report-outages.js";
import type { RevocationRow } from "./tables.js";

export interface SqlRevocationStoreDeps {
  readonly database: Database;
  /** Judges expiry: nodes that share a database need clocks that agree. */
  readonly clock: Clock;
}

/** SQLite takes at most 500 rows in one insert. */
const MAX_ROWS_PER_INSERT = 400;

/** Revocations in `revocation`. Every method is one statement, or one transaction where there are many. */
export function createSqlRevocationStore({
  database,
  clock,
}: SqlRevocationStoreDeps): RevocationStore & ExpiredPurge {
  const { knex, dialect } = database;
  const later = (column: string) =>
    knex.raw("case when ?? > ?? then ?? else ?? end", [
      `excluded.${column}`,
      `revocation.${column}`,
      `excluded.${column}`,
      `revocation.${column}`,
    ]);

  async function upsert(rows: readonly RevocationRow[], connection: Knex): Promise<void> {
    if (rows.length === 0) return;
    await connection("revocation")
      .insert(rows.slice(0, MAX_ROWS_PER_INSERT))
      .onConflict(["subject", "id"])
      .merge({ issued_until: later("issued_until"), expires_at: later("expires_at") });
    await upsert(rows.slice(MAX_ROWS_PER_INSERT), connection);
  }

  const findRow = createBatchedFind<RevocationRow>(
    (keys) =>
      knex("revocation")
        .whereIn(["subject", "id"], keys.map(toPair))
        .where("expires_at", ">", clock.nowSeconds()),
    ({ subject, id }) => toKey(subject, id),
  );

  return reportOutages<RevocationStore & ExpiredPurge>(dialect, {
    async add(revocations) {
      const rows = toRows(revocations);
      if (rows.length <= MAX_ROWS_PER_INSERT) await upsert(rows, knex);
      else await knex.transaction((transaction) => upsert(rows, transaction));
    },

    async find(revoked) {
      const keys = revoked.filter(({ id }) => isFindable(id));
      const rows = await Promise.all(keys.map(({ subject, id }) => findRow(toKey(subject, id))));
      return rows.flatMap((row) => (row === undefined ? [] : toRevocation(row)));
    },

    async list(limit) {
      const query = knex("revocation").where("expires_at", ">", clock.nowSeconds());
      const rows = await (limit === undefined ? query : query.limit(limit));
      return rows.flatMap(toRevocation);
    },

    async purgeExpired(batchSize) {
      const batch = knex("revocation")
        .select("subject", "id")
        .where("expires_at", "<=", clock.nowSeconds())
        .orderBy("expires_at")
        .limit(batchSize);
      return (
        knex("revocation")
          .whereIn(["subject", "id"], dialect.skipLocked(batch))
          // One that was renewed meanwhile stays.
          .where("expires_at", "<=", clock.nowSeconds())
          .delete()
      );
    },
  });
}

function toKey(subject: string, id: string): string {
  return `${subject} ${id}`;
}

function toPair(key: string): [string, string] {
  const space = key.indexOf(" ");
  return [key.slice(0, space), key.slice(space + 1)];
}

/**
 * One row for each subject, which an upsert may meet only once, and sorted, so that two that are added
 * at once never wait for each other in a circle.
 */
function toRows(revocations: readonly Revocation[]): RevocationRow[] {
  const rows = new Map<string, RevocationRow>();
  for (const { subject, id, issuedUntilSeconds, expiresAtSeconds } of revocations) {
    const key = toKey(subject, id);
    const known = rows.get(key);
    rows.set(key, {
      subject,
      id,
      issued_until: Math.max(issuedUntilSeconds, known?.issued_until ?? 0),
      expires_at: Math.max(expiresAtSeconds, known?.expires_at ?? 0),
    });
  }
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** Empty for a subject of a newer version, whose nodes judge by it. */
function toRevocation(row: RevocationRow): Revocation[] {
  const subject = REVOCATION_SUBJECTS.find((known) => known === row.subject);
  if (subject === undefined) return [];
  return [
    {
      subject,
      id: row.id,
      issuedUntilSeconds: row.issued_until,
      expiresAtSeconds: row.expires_at,
    },
  ];
}
