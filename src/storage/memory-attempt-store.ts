import { waitAfter, type AttemptBucket, type AttemptStore } from "../accounts/attempt-store.js";
import type { Clock } from "../lib/clock.js";

interface Counted {
  failures: number;
  forgivenAtSeconds: number;
  blockedUntilSeconds: number;
  expiresAtSeconds: number;
}

/** 100,000: some 20 MB. */
const MAX_COUNTERS = 100_000;

/** Counts for this process alone, and forgets the counter that is oldest when there are too many. */
export function createMemoryAttemptStore(clock: Clock): AttemptStore {
  const counters = new Map<string, Map<string, Counted>>();
  let size = 0;

  function find({ subject, source }: AttemptBucket): Counted | undefined {
    const counted = counters.get(subject)?.get(source);
    return counted !== undefined && counted.expiresAtSeconds > clock.nowSeconds()
      ? counted
      : undefined;
  }

  function put({ subject, source }: AttemptBucket, counted: Counted): void {
    const sources = counters.get(subject) ?? new Map<string, Counted>();
    if (!sources.has(source)) size += 1;
    sources.set(source, counted);
    // Behind all others.
    counters.delete(subject);
    counters.set(subject, sources);
    for (const [oldest, of] of counters) {
      if (size <= MAX_COUNTERS || oldest === subject) break;
      size -= of.size;
      counters.delete(oldest);
    }
  }

  const waitOf = (bucket: AttemptBucket) =>
    Math.max(0, (find(bucket)?.blockedUntilSeconds ?? 0) - clock.nowSeconds());

  function count(bucket: AttemptBucket): number {
    const { rule } = bucket;
    const nowSeconds = clock.nowSeconds();
    const known = find(bucket);
    const since = known?.forgivenAtSeconds ?? nowSeconds;
    const forgiven = Math.max(0, Math.floor((nowSeconds - since) / rule.forgiveSeconds));
    const remaining = Math.max(0, (known?.failures ?? 0) - forgiven);
    const failures = remaining + 1;
    const forgivenAtSeconds = remaining === 0 ? nowSeconds : since + forgiven * rule.forgiveSeconds;
    const waitSeconds = waitAfter(failures, rule);
    const blockedUntilSeconds = waitSeconds === 0 ? 0 : nowSeconds + waitSeconds;
    const forgottenAtSeconds = forgivenAtSeconds + failures * rule.forgiveSeconds;
    const expiresAtSeconds = Math.max(blockedUntilSeconds, forgottenAtSeconds);
    put(bucket, { failures, forgivenAtSeconds, blockedUntilSeconds, expiresAtSeconds });
    return waitSeconds;
  }

  function takeBack(bucket: AttemptBucket): void {
    const known = find(bucket);
    if (known === undefined) return;
    known.failures = Math.max(0, known.failures - 1);
    if (waitAfter(known.failures, bucket.rule) === 0) known.blockedUntilSeconds = 0;
  }

  function forget({ subject, source }: AttemptBucket): void {
    const sources = counters.get(subject);
    if (sources?.delete(source) !== true) return;
    size -= 1;
    if (sources.size === 0) counters.delete(subject);
  }

  const findWait = (buckets: readonly AttemptBucket[]) => Math.max(0, ...buckets.map(waitOf));

  return {
    async countAll(buckets) {
      const waitSeconds = findWait(buckets);
      if (waitSeconds > 0) return { isCounted: false, waitSeconds };
      return { isCounted: true, waits: buckets.map(count) };
    },

    async settle(outcome) {
      outcome.forget?.forEach(forget);
      outcome.takeBack?.forEach(takeBack);
    },

    findWait: async (buckets) => findWait(buckets),

    async forget(subject) {
      size -= counters.get(subject)?.size ?? 0;
      counters.delete(subject);
    },
  };
}
