import type { Clock } from "../../lib/clock.js";

/** 5 min: who signed in so short a while ago is still the one who sits there (ASVS 7.5.2). */
const FRESH_SECONDS = 300;

export function isFresh(signedInAtSeconds: number, clock: Clock): boolean {
  return clock.nowSeconds() - signedInAtSeconds < FRESH_SECONDS;
}
