import type { AttemptRule, AttemptStore } from "../accounts/attempt-store.js";
import { waitAfter } from "../accounts/attempt-store.js";
import type { Clock } from "../lib/clock.js";
import type { Database } from "./open-database.js";
import type { ExpiredPurge } from "./purge-loop.js";
import { reportOutages } from "./report-outages.js";

export interface SqlAttemptStoreDeps {
  readonly database: Database;
  /** Nodes that share a database need clocks that agree. */
  readonly clock: Clock;
}

/** Counters in `attempt`. Every method is one statement. */
export function createSqlAttemptStore({
  database,
  clock,
}: SqlAttemptStoreDeps): AttemptStore & ExpiredPurge {
  const { knex, dialect } = database;

  return reportOutages<AttemptStore & ExpiredPurge>(dialect, {
    async findWait(buckets) {
      if (buckets.length === 0) return 0;
      const nowSeconds = clock.nowSeconds();
      const blocked = await knex("attempt")
        .select("blocked_until")
        .whereIn(
          ["subject", "source"],
          buckets.map(({ subject, source }) => [subject, source]),
        )
        .where("blocked_until", ">", nowSeconds);
      return Math.max(0, ...blocked.map(({ blocked_until: until }) => until - nowSeconds));
    },

    async count({ subject, source, rule }) {
      const nowSeconds = clock.nowSeconds();
      const waitSeconds = waitAfter(1, rule);
      const until = waitSeconds === 0 ? 0 : nowSeconds + waitSeconds;
      const [counted] = await knex("attempt")
        .insert({
          subject,
          source,
          failures: 1,
          forgiven_at: nowSeconds,
          blocked_until: until,
          expires_at: Math.max(until, nowSeconds + rule.forgiveSeconds),
        })
        .onConflict(["subject", "source"])
        .merge(countedOnce(nowSeconds, rule))
        .where("attempt.blocked_until", "<=", nowSeconds)
        .returning(["failures", "blocked_until"]);
      if (counted !== undefined) {
        return { isCounted: true, waitSeconds: Math.max(0, counted.blocked_until - nowSeconds) };
      }
      const row = await knex("attempt").select("blocked_until").where({ subject, source }).first();
      return { isCounted: false, waitSeconds: Math.max(1, (row?.blocked_until ?? 0) - nowSeconds) };
    },

    async takeBack({ subject, source, rule }) {
      const { failures: first = 0 } = rule.steps[0] ?? {};
      await knex("attempt")
        .where({ subject, source })
        .where("failures", ">", 0)
        .update({
          failures: knex.raw("failures - 1"),
          blocked_until: knex.raw("case when failures - 1 < ? then 0 else blocked_until end", [
            first,
          ]),
        });
    },

    async forget(subject, source) {
      await knex("attempt")
        .where(source === undefined ? { subject } : { subject, source })
        .delete();
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

  /** What a row becomes. Numbers of ours stand in the text: each is needed many times. */
  function countedOnce(nowSeconds: number, { steps, forgiveSeconds }: AttemptRule) {
    const passed = `case when ${nowSeconds} > attempt.forgiven_at then (${nowSeconds} - attempt.forgiven_at) / ${forgiveSeconds} else 0 end`;
    const remaining = `case when attempt.failures > ${passed} then attempt.failures - (${passed}) else 0 end`;
    const failures = `(${remaining}) + 1`;
    const cases = steps
      .toReversed()
      .map((step) => `when ${failures} >= ${step.failures} then ${nowSeconds + step.waitSeconds}`);
    const blockedUntil = `case ${cases.join(" ")} else 0 end`;
    const forgivenAt = `case when (${remaining}) = 0 then ${nowSeconds} else attempt.forgiven_at + (${passed}) * ${forgiveSeconds} end`;
    const forgottenAt = `${nowSeconds} + (${failures}) * ${forgiveSeconds}`;
    return {
      failures: knex.raw(failures),
      forgiven_at: knex.raw(forgivenAt),
      blocked_until: knex.raw(blockedUntil),
      expires_at: knex.raw(
        `case when (${blockedUntil}) > ${forgottenAt} then ${blockedUntil} else ${forgottenAt} end`,
      ),
    };
  }
}
