import type { VerifierClock } from "./clock.js";

/** What was loaded, and how long it is fresh. */
export interface Loaded<T> {
  readonly value: T;
  readonly freshSeconds: number;
}

export interface RefreshedValueOptions<T> {
  readonly load: () => Promise<Loaded<T>>;
  /** How long a value serves after its time when it cannot be loaded again. */
  readonly staleIfErrorSeconds: number;
  /** At least this long lies between two attempts, however many ask (fetches that callers can provoke). */
  readonly cooldownSeconds: number;
  readonly clock: VerifierClock;
}

export interface RefreshedValue<T> {
  /** @throws what the load threw when there is no value that may serve. */
  get(): Promise<T>;
  /** Something was missing in the value: one load for all who ask, at most one in a cooldown. */
  getNewer(): Promise<T>;
  /** From now on no value is fresh for longer, whatever it says of itself. */
  limitAge(seconds: number): void;
}

/** 0.8: the last fifth of its time is left to load the next one, while this one still serves. */
const REFRESH_AHEAD = 0.8;

/**
 * Something that is fetched and kept: loaded once for all who ask at the same time, loaded again in
 * the background before its time ends, and kept for a while when it cannot be. It has no timer: what
 * nobody asks for is not fetched, and nothing needs to be closed.
 */
export function createRefreshedValue<T>(options: RefreshedValueOptions<T>): RefreshedValue<T> {
  const { load, staleIfErrorSeconds, cooldownSeconds, clock } = options;
  let current: (Loaded<T> & { readonly atMs: number }) | undefined;
  let failure: { readonly error: unknown } | undefined;
  let attemptedAtMs = Number.NEGATIVE_INFINITY;
  let pending: Promise<T> | undefined;
  let ageLimitSeconds = Number.POSITIVE_INFINITY;

  const ageSeconds = (atMs: number) => (clock.nowMs() - atMs) / 1000;
  const isCoolingDown = () => ageSeconds(attemptedAtMs) < cooldownSeconds;

  async function get(): Promise<T> {
    if (current === undefined) return loadFirst();
    const age = ageSeconds(current.atMs);
    const freshSeconds = Math.min(current.freshSeconds, ageLimitSeconds);
    // A clock that was set back makes nothing fresh for longer than it is.
    if (age >= 0 && age < freshSeconds) {
      if (age > freshSeconds * REFRESH_AHEAD) refreshInBackground();
      return current.value;
    }
    return replaceStale({ value: current.value, staleSeconds: age - freshSeconds });
  }

  function loadFirst(): Promise<T> {
    if (pending === undefined && failure !== undefined && isCoolingDown()) {
      return Promise.reject(failure.error);
    }
    return reload();
  }

  async function replaceStale(stale: { value: T; staleSeconds: number }): Promise<T> {
    const mayServe = stale.staleSeconds >= 0 && stale.staleSeconds < staleIfErrorSeconds;
    // Once it has failed nobody waits for the next attempt.
    if (failure !== undefined && mayServe) {
      refreshInBackground();
      return stale.value;
    }
    if (failure !== undefined && pending === undefined && isCoolingDown()) throw failure.error;
    try {
      return await reload();
    } catch (err) {
      if (mayServe) return stale.value;
      throw err;
    }
  }

  async function getNewer(): Promise<T> {
    const known = current;
    if (known === undefined) return get();
    if (pending === undefined && isCoolingDown()) return known.value;
    try {
      return await reload();
    } catch {
      // Kept in `failure`; what is there may still serve, and `get` says when it may not.
      return known.value;
    }
  }

  function refreshInBackground(): void {
    if (pending !== undefined || isCoolingDown()) return;
    // Its failure is kept in `failure`, and told when the value may not serve any longer.
    reload().catch(() => {});
  }

  function reload(): Promise<T> {
    pending ??= attempt().finally(() => {
      pending = undefined;
    });
    return pending;
  }

  async function attempt(): Promise<T> {
    const atMs = clock.nowMs();
    attemptedAtMs = atMs;
    try {
      const loaded = await load();
      // Counted from before the request: what changed meanwhile is not missed for longer.
      current = { ...loaded, atMs };
      failure = undefined;
      return loaded.value;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }

  return {
    get,
    getNewer,
    limitAge: (seconds) => {
      ageLimitSeconds = Math.min(ageLimitSeconds, seconds);
    },
  };
}
