import { setTimeout as wait } from "node:timers/promises";

export interface RetryOptions {
  /** Whether a failure may pass by itself. */
  readonly isPassing: (err: unknown) => boolean;
  /** No new attempt is made after it. */
  readonly timeoutMs: number;
  /** Called once, however many attempts follow. */
  readonly onFirstFailure?: (err: unknown) => void;
}

/** Short against the start of a server, long against an attempt that fails at once. */
const DELAY_MS = 500;

/** Calls `work` until it succeeds, fails for good or the time is up, and then throws its last error. */
export async function retryWhile<Result>(
  work: () => Promise<Result>,
  { isPassing, timeoutMs, onFirstFailure }: RetryOptions,
): Promise<Result> {
  const endsAtMs = performance.now() + timeoutMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (err) {
      if (!isPassing(err) || performance.now() + DELAY_MS > endsAtMs) throw err;
      if (attempt === 1) onFirstFailure?.(err);
      await wait(DELAY_MS);
    }
  }
}
