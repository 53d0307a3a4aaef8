import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import type { RedisConnection } from "../../src/storage/open-redis.js";
import { reportRedisOutages } from "../../src/storage/report-redis-outages.js";

interface Attempt {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly failure: unknown;
}

/** Counts up a key of Redis, many times a second, as a store would, and remembers how that went. */
export interface RedisLoad {
  /** Resolves when an attempt that began after this call succeeded. @returns after how many ms. */
  recovers(withinMs: number): Promise<number>;
  /** Resolves when an attempt failed. */
  fails(): Promise<void>;
  /**
   * Ends it; every attempt must have ended in its time, and each failed one with 503.
   * @returns how many succeeded and failed.
   */
  stop(): Promise<{ readonly succeeded: number; readonly failed: number }>;
}

const INTERVAL_MS = 20;
/** 2 s is promised; a busy machine runs timers late. */
const MAX_ATTEMPT_MS = 3_000;

export function startRedisLoad({ client }: RedisConnection, key: string): RedisLoad {
  const counter = reportRedisOutages({ count: () => client.incr(key) });
  const ended: Attempt[] = [];
  const pending = new Set<Promise<void>>();
  const timer = setInterval(() => {
    const startedAtMs = performance.now();
    const finish = (failure?: unknown) => {
      ended.push({ startedAtMs, endedAtMs: performance.now(), failure });
    };
    const attempt = counter.count().then(
      () => finish(),
      (err: unknown) => finish(err),
    );
    pending.add(attempt);
    void attempt.then(() => pending.delete(attempt));
  }, INTERVAL_MS);

  async function wait(what: string, isMet: (attempt: Attempt) => boolean, withinMs: number) {
    const until = performance.now() + withinMs;
    for (;;) {
      const met = ended.find(isMet);
      if (met !== undefined) return met;
      if (performance.now() > until) throw new Error(`not within ${withinMs} ms: ${what}`);
      await delay(INTERVAL_MS);
    }
  }

  return {
    async recovers(withinMs) {
      const fromMs = performance.now();
      const isMet = (each: Attempt) => each.startedAtMs > fromMs && each.failure === undefined;
      const { endedAtMs } = await wait("an attempt succeeds", isMet, withinMs);
      return endedAtMs - fromMs;
    },
    async fails() {
      await wait("an attempt fails", ({ failure }) => failure !== undefined, 10_000);
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      const failures = ended.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
      for (const failure of failures) {
        expect(failure).to.include({
          code: "redis_unavailable",
          status: 503,
          retryAfterSeconds: 2,
        });
      }
      const slowest = Math.max(...ended.map((each) => each.endedAtMs - each.startedAtMs));
      expect(slowest, "the slowest attempt, ms").to.be.below(MAX_ATTEMPT_MS);
      return { succeeded: ended.length - failures.length, failed: failures.length };
    },
  };
}
