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
  /** The wait that begins with it, 0 for none. */
  | { readonly isCounted: true; readonly waitSeconds: number }
  /** The wait that is left, at least 1. */
  | { readonly isCounted: false; readonly waitSeconds: number };

/** Counts attempts for all nodes. */
export interface AttemptStore {
  /** @returns the longest wait that is left in any of them, 0 for none. Counts nothing. */
  findWait(buckets: readonly AttemptBucket[]): Promise<number>;
  /**
   * Counts one attempt, unless one has to wait. One step: of any number of attempts at once, at
   * whichever nodes, no more are counted than without a wait between them.
   */
  count(bucket: AttemptBucket): Promise<AttemptCount>;
  /** Takes one count back, and the wait that it began. */
  takeBack(bucket: AttemptBucket): Promise<void>;
  /** @param source undefined: all of the subject. */
  forget(subject: string, source?: string): Promise<void>;
}

/** The wait that begins with the failure of this number. */
export function waitAfter(failures: number, { steps }: AttemptRule): number {
  return steps.findLast((step) => step.failures <= failures)?.waitSeconds ?? 0;
}
