import { LONGEST_TOKEN_SECONDS } from "../lib/longest-token.js";
import type { StoredSigningKey } from "./signing-key-store.js";

/**
 * - `next`: published, does not sign yet.
 * - `current`: published, signs.
 * - `previous`: published until the last token signed with it has expired.
 * - `retired`: published no more. Only an `id_token_hint` is still recognized by it, for as long as
 *   the session may last that the ID token was issued in.
 */
export type KeyState = "next" | "current" | "previous" | "retired";

export interface KeySchedule {
  readonly state: KeyState;
  /** Undefined while no later key is known. */
  readonly signsUntilSeconds: number | undefined;
  readonly publishedUntilSeconds: number | undefined;
  /** The row may go. */
  readonly forgottenFromSeconds: number | undefined;
}

export interface KeyTimes {
  /** A key is published for so long before it signs. */
  readonly publishAheadSeconds: number;
  /** Nothing that was signed with a key is valid for longer; hints aside. */
  readonly longestTokenSeconds: number;
  /** For so long after a key stopped signing, ID tokens signed with it may come back as hints. */
  readonly hintSeconds: number;
}

/** 5 min: how long whoever obeys our headers keeps the keys. */
export const JWKS_MAX_AGE_SECONDS = 300;
/** 5 min more, in which a cache may answer from what it has while it asks for the newest. */
export const JWKS_STALE_SECONDS = 300;
/** 10 min in all, as the headers of the JWKS say. */
export const JWKS_CACHED_SECONDS = JWKS_MAX_AGE_SECONDS + JWKS_STALE_SECONDS;
/** 10 min: libraries that keep keys for a time of their own, whatever the headers say (jose). */
const LIBRARY_CACHE_SECONDS = 600;
/** 60 s: by how much the clocks of nodes may differ. */
const CLOCK_DIFFERENCE_SECONDS = 60;

/** 21 min: a library may read what a cache kept, and the node behind that may be late. */
const PUBLISH_AHEAD_SECONDS =
  JWKS_CACHED_SECONDS + LIBRARY_CACHE_SECONDS + CLOCK_DIFFERENCE_SECONDS;

/** @param sessionSeconds the longest that a session lasts. */
export function defaultKeyTimes(sessionSeconds: number): KeyTimes {
  return {
    publishAheadSeconds: PUBLISH_AHEAD_SECONDS,
    longestTokenSeconds: LONGEST_TOKEN_SECONDS,
    hintSeconds: sessionSeconds,
  };
}

/**
 * Where each key stands. The states follow from times in the rows alone, so nodes need not agree on
 * anything else.
 *
 * @param keys in the order of their generations.
 */
export function scheduleKeys<Key extends StoredSigningKey>(
  keys: readonly Key[],
  times: KeyTimes,
  nowSeconds: number,
): (Key & KeySchedule)[] {
  const byAlgorithm = Map.groupBy(keys, ({ algorithm }) => algorithm);
  return [...byAlgorithm.values()].flatMap((each) => scheduleAlgorithm(each, times, nowSeconds));
}

function scheduleAlgorithm<Key extends StoredSigningKey>(
  keys: readonly Key[],
  times: KeyTimes,
  nowSeconds: number,
): (Key & KeySchedule)[] {
  const started = keys.findLastIndex(({ signsFromSeconds }) => signsFromSeconds <= nowSeconds);
  // Whatever this node's clock says, the only key there is signs.
  const current = Math.max(started, 0);
  return keys.map((key, index) => {
    const signsUntilSeconds = keys[index + 1]?.signsFromSeconds;
    const ends = endsOf(key, signsUntilSeconds, times);
    const isPublished = nowSeconds < (ends.publishedUntilSeconds ?? Infinity);
    const past = isPublished ? "previous" : "retired";
    const state = index === current ? "current" : index > current ? "next" : past;
    return { ...key, ...ends, state, signsUntilSeconds };
  });
}

function endsOf(
  { publishedUntilSeconds }: StoredSigningKey,
  signsUntilSeconds: number | undefined,
  { longestTokenSeconds, hintSeconds }: KeyTimes,
): Pick<KeySchedule, "publishedUntilSeconds" | "forgottenFromSeconds"> {
  if (signsUntilSeconds === undefined) {
    return { publishedUntilSeconds: undefined, forgottenFromSeconds: undefined };
  }
  const lastSignatureSeconds = signsUntilSeconds + CLOCK_DIFFERENCE_SECONDS;
  const validUntilSeconds = lastSignatureSeconds + longestTokenSeconds;
  return {
    publishedUntilSeconds: publishedUntilSeconds ?? validUntilSeconds,
    forgottenFromSeconds: Math.max(validUntilSeconds, lastSignatureSeconds + hintSeconds),
  };
}
