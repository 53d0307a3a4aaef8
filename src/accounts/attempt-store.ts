/** From so many failures on, the next attempt has to wait for so long. */
export interface AttemptStep {
  readonly failures: number;
  readonly waitSeconds: number;
}

export interface AttemptRule {
  /** In the order of `failures`. */
  readonly steps: readonly AttemptStep[];
  /** After each time of this length one failure is forgiven. */
  readonly forgiveSeconds: number;
}

/** One counter. */
export interface AttemptBucket {
  /** Whose; all that is counted for one subject is forgotten together. Says nothing of who that is. */
  readonly subject: string;
  /** Which of those; empty for the one of all sources. */
  readonly source: string;
  readonly rule: AttemptRule;
}

export type AttemptCount =
  /** The waits that begin with it, in the order of the counters, 0 for none. */
  | { readonly isCounted: true; readonly waits: readonly number[] }
  /** The longest wait that is left, at least 1. */
  | { readonly isCounted: false; readonly waitSeconds: number };

/** What an attempt that ended leaves behind. */
export interface AttemptOutcome {
  /** Nothing counts any more of these. */
  readonly forget?: readonly AttemptBucket[];
  /** One count less, without the wait that it began. */
  readonly takeBack?: readonly AttemptBucket[];
}

/** Counts attempts for all nodes. Each call costs one or two round trips, whatever the number of counters. */
export interface AttemptStore {
  /**
   * Counts one attempt in all of these, unless one of them has to wait; then in none. Each counter is
   * one step: of any number of attempts at once, at whichever nodes, no more are counted than without
   * a wait between them.
   *
   * @param buckets each at most once.
   */
  countAll(buckets: readonly AttemptBucket[]): Promise<AttemptCount>;
  settle(outcome: AttemptOutcome): Promise<void>;
  /** @returns the longest wait that is left in any of them, 0 for none. Counts nothing. */
  findWait(buckets: readonly AttemptBucket[]): Promise<number>;
  /** All that was counted for one subject, from wherever. */
  forget(subject: string): Promise<void>;
}

/** The wait that begins with the failure of this number. */
export function waitAfter(failures: number, { steps }: AttemptRule): number {
  return steps.findLast((step) => step.failures <= failures)?.waitSeconds ?? 0;
}
