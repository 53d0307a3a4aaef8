import {
  waitAfter,
  type AttemptBucket,
  type AttemptOutcome,
  type AttemptRule,
  type AttemptStore,
} from "../accounts/attempt-store.js";
import type { Clock } from "../lib/clock.js";
import { countedOnce } from "./counted-once.js";
import type { Database } from "./open-database.js";
import type { ExpiredPurge } from "./purge-loop.js";
import { reportOutages } from "./report-outages.js";

export interface SqlAttemptStoreDeps {
  readonly database: Database;
  /** Nodes that share a database need clocks that agree. */
  readonly clock: Clock;
}

interface CountedRow {
  readonly subject: string;
  readonly source: string;
  readonly blocked_until: number;
}

/** SQL of a value in the row of a bucket. Numbers of ours stand in its text. */
type ValueOf = (bucket: AttemptBucket) => string;

/**
 * Counters in `attempt`. Statements that lock several rows lock them in the order of their keys, so
 * that none waits for one that waits for it.
 */
export function createSqlAttemptStore({
  database,
  clock,
}: SqlAttemptStoreDeps): AttemptStore & ExpiredPurge {
  const { knex, dialect } = database;

  /** One statement. @returns the rows that were counted. */
  async function count(buckets: readonly AttemptBucket[]): Promise<readonly CountedRow[]> {
    const nowSeconds = clock.nowSeconds();
    const update = (column: keyof ReturnType<typeof countedOnce>) =>
      forEach(buckets, ({ rule }) => countedOnce(nowSeconds, rule)[column]);
    const answer = await knex.raw<CountedRow[] | { readonly rows: CountedRow[] }>(
      `insert into attempt (subject, source, failures, forgiven_at, blocked_until, expires_at)
       select column1, column2, 1, ${nowSeconds}, column3, column4 from (values ?) as bucket
       where not exists ?
       order by column1, column2
       on conflict (subject, source) do update
       set failures = ?, forgiven_at = ?, blocked_until = ?, expires_at = ?
       where attempt.blocked_until <= ${nowSeconds}
       returning subject, source, blocked_until`,
      [
        knex.raw(
          buckets.map(({ rule }) => `(?, ?, ${firstCount(nowSeconds, rule)})`).join(", "),
          buckets.flatMap(keyOf),
        ),
        knex("attempt").whereIn(KEY, buckets.map(keyOf)).where("blocked_until", ">", nowSeconds),
        update("failures"),
        update("forgiven_at"),
        update("blocked_until"),
        update("expires_at"),
      ],
    );
    return Array.isArray(answer) ? answer : answer.rows;
  }

  /** What stands in the row of each bucket. */
  function forEach(buckets: readonly AttemptBucket[], value: ValueOf) {
    const cases = buckets.map(
      (bucket) => `when attempt.subject = ? and attempt.source = ? then ${value(bucket)}`,
    );
    return knex.raw(`case ${cases.join(" ")} end`, buckets.flatMap(keyOf));
  }

  async function findWait(buckets: readonly AttemptBucket[]): Promise<number> {
    const blocked = await knex("attempt")
      .whereIn(KEY, buckets.map(keyOf))
      .pluck<number[]>("blocked_until");
    return Math.max(0, ...blocked.map((until) => until - clock.nowSeconds()));
  }

  /** One statement. A row that is forgotten stays for the next attempt, or until it is swept. */
  async function settle({ forget = [], takeBack = [] }: AttemptOutcome): Promise<void> {
    const buckets = [...forget, ...takeBack];
    if (buckets.length === 0) return;
    const nowSeconds = clock.nowSeconds();
    const isForgotten = (bucket: AttemptBucket) => forget.includes(bucket);
    const rows = knex("attempt")
      .select(KEY)
      .whereIn(KEY, buckets.map(keyOf))
      .orderBy([...KEY]);
    await knex("attempt")
      .whereIn(KEY, dialect.lockRows(rows))
      .update({
        failures: forEach(buckets, (bucket) =>
          isForgotten(bucket) ? "0" : "case when failures > 0 then failures - 1 else 0 end",
        ),
        blocked_until: forEach(buckets, (bucket) =>
          isForgotten(bucket)
            ? "0"
            : `case when failures <= ${bucket.rule.steps[0]?.failures ?? 0} then 0 else blocked_until end`,
        ),
        expires_at: forEach(buckets, (bucket) =>
          isForgotten(bucket) ? String(nowSeconds) : "expires_at",
        ),
      });
  }

  return reportOutages<AttemptStore & ExpiredPurge>(dialect, {
    async countAll(buckets) {
      if (buckets.length === 0) return { isCounted: true, waits: [] };
      const rows = await count(buckets);
      const rowOf = (bucket: AttemptBucket) => rows.find((row) => hasKey(row, bucket));
      if (rows.length === buckets.length) {
        const nowSeconds = clock.nowSeconds();
        const until = buckets.map((bucket) => rowOf(bucket)?.blocked_until ?? 0);
        return { isCounted: true, waits: until.map((end) => Math.max(0, end - nowSeconds)) };
      }
      const waitSeconds = Math.max(1, await findWait(buckets));
      // Where somebody else's attempt at the same time began the wait.
      await settle({ takeBack: buckets.filter((bucket) => rowOf(bucket) !== undefined) });
      return { isCounted: false, waitSeconds };
    },

    settle,
    findWait,

    async forget(subject) {
      await knex("attempt").where({ subject }).delete();
    },

    async purgeExpired(batchSize) {
      const batch = knex("attempt")
        .select("subject", "source")
        .where("expires_at", "<=", clock.nowSeconds())
        .orderBy("expires_at")
        .limit(batchSize);
      return (
        knex("attempt")
          .whereIn(["subject", "source"], dialect.skipLocked(batch))
          // One that was counted meanwhile stays.
          .where("expires_at", "<=", clock.nowSeconds())
          .delete()
      );
    },
  });
}

const KEY = ["subject", "source"] as const;

const keyOf = ({ subject, source }: AttemptBucket) => [subject, source];

const hasKey = (row: CountedRow, { subject, source }: AttemptBucket) =>
  row.subject === subject && row.source === source;

/** Until when a row that is new is blocked, and when it expires. */
function firstCount(nowSeconds: number, rule: AttemptRule): string {
  const waitSeconds = waitAfter(1, rule);
  const until = waitSeconds === 0 ? 0 : nowSeconds + waitSeconds;
  return `${until}, ${Math.max(until, nowSeconds + rule.forgiveSeconds)}`;
}
