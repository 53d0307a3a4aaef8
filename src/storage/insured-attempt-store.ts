import type { AttemptStore } from "../accounts/attempt-store.js";
import { LatchkeyError } from "../lib/errors.js";

/**
 * While the first does not answer, each node counts for itself in the second: guessing stays bounded,
 * and nobody is shut out by an outage. What the first had counted holds again when it is back.
 */
export function createInsuredAttemptStore(
  first: AttemptStore,
  insurance: AttemptStore,
): AttemptStore {
  async function orElse<Result>(call: (store: AttemptStore) => Promise<Result>): Promise<Result> {
    try {
      return await call(first);
    } catch (err) {
      if (!(err instanceof LatchkeyError) || err.status !== 503) throw err;
      return call(insurance);
    }
  }

  return {
    countAll: (buckets) => orElse((store) => store.countAll(buckets)),
    settle: (outcome) => orElse((store) => store.settle(outcome)),
    findWait: (buckets) => orElse((store) => store.findWait(buckets)),
    forget: (subject) => orElse((store) => store.forget(subject)),
  };
}
