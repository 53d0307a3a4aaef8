import type { Clock } from "../lib/clock.js";

/**
 * The time around an outage, in which a code may be found used by an attempt that failed: on this node
 * or another, which has yet to withdraw it. Whoever comes with such a code is asked to come again, and
 * is judged then.
 */
export interface Doubt {
  /** A call of the model store failed just now. */
  noteOutage(): void;
  /** Whether a consumption of then may yet be withdrawn. */
  covers(consumedAtSeconds: number): boolean;
}

/** 3 s: a command ends in 2 s, and connections and withdrawals follow within one. */
const DOUBT_MS = 3000;

export function createDoubt(clock: Clock): Doubt {
  let beganAtMs = -Infinity;
  let lastAtMs = -Infinity;
  return {
    noteOutage() {
      const nowMs = clock.nowMs();
      if (nowMs > lastAtMs + DOUBT_MS) beganAtMs = nowMs;
      lastAtMs = nowMs;
    },
    covers: (consumedAtSeconds) =>
      clock.nowMs() <= lastAtMs + DOUBT_MS && consumedAtSeconds * 1000 >= beganAtMs - DOUBT_MS,
  };
}
