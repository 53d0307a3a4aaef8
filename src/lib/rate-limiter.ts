/** How often something may be done. */
export interface RateLimit {
  /** Sets its counters apart from those of other limits. */
  readonly name: string;
  readonly times: number;
  readonly windowSeconds: number;
}

/** Counts in one place for all nodes where there is one, and else each node for itself. */
export interface RateLimiter {
  /**
   * Counts one time. Never fails: while the place is away, each node counts for itself.
   *
   * @returns undefined when it is allowed; else after how many seconds it will be.
   */
  count(key: string): Promise<number | undefined>;
}

export type CreateRateLimiter = (limit: RateLimit) => RateLimiter;
