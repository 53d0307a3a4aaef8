import { findFreshSeconds, type BoundedFetch } from "./bounded-fetch.js";
import type { VerifierClock } from "./clock.js";
import { createKeySet, parseKeySet, type KeySet } from "./key-set.js";
import { createRefreshedValue } from "./refreshed-value.js";

/** Where the keys of the issuer come from. */
export interface KeySource {
  /** @throws when there are none that may be used. */
  get(): Promise<KeySet>;
  /** A token names a key that is not among them. */
  getNewer(): Promise<KeySet>;
  /** Keys are asked for again at least this often. */
  limitAge(seconds: number): void;
}

export interface JwksCacheTimes {
  /** How long keys are kept when the answer has no `Cache-Control: max-age`. */
  readonly defaultSeconds: number;
  /** Bounds of what the answer says. */
  readonly minSeconds: number;
  readonly maxSeconds: number;
  /** How long keys serve after their time while the server does not answer. */
  readonly staleIfErrorSeconds: number;
  /** At least this long lies between two requests that tokens with unknown keys provoke. */
  readonly cooldownSeconds: number;
}

export const DEFAULT_JWKS_CACHE: JwksCacheTimes = {
  defaultSeconds: 10 * 60,
  minSeconds: 30,
  maxSeconds: 60 * 60,
  staleIfErrorSeconds: 60 * 60,
  cooldownSeconds: 5,
};

export interface RemoteKeysDeps {
  readonly jwksUri: () => Promise<string>;
  readonly fetch: BoundedFetch;
  readonly times: JwksCacheTimes;
  readonly clock: VerifierClock;
}

/**
 * The keys at `jwks_uri`, always as the server published them last: one that left the JWKS is gone
 * here with the next fetch.
 */
export function createRemoteKeys({ jwksUri, fetch, times, clock }: RemoteKeysDeps): KeySource {
  const { defaultSeconds, minSeconds, maxSeconds } = times;
  let last: { readonly body: string; readonly set: KeySet } | undefined;

  async function load() {
    const { body, headers } = await fetch(await jwksUri(), {
      headers: { Accept: "application/jwk-set+json, application/json" },
    });
    // The same keys stay imported.
    if (last?.body !== body) last = { body, set: parseKeySet(body) };
    const freshSeconds = findFreshSeconds(headers) ?? defaultSeconds;
    return {
      value: last.set,
      freshSeconds: Math.min(maxSeconds, Math.max(minSeconds, freshSeconds)),
    };
  }

  return createRefreshedValue({ ...times, load, clock });
}

/** Keys that the caller has at hand, asked for at every use. */
export function createGivenKeys(keys: () => readonly object[]): KeySource {
  let last: { readonly keys: readonly object[]; readonly set: KeySet } | undefined;
  async function get(): Promise<KeySet> {
    const now = keys();
    if (last === undefined || !hasSameMembers(last.keys, now)) {
      last = { keys: [...now], set: createKeySet(now) };
    }
    return last.set;
  }
  return { get, getNewer: get, limitAge: () => {} };
}

function hasSameMembers(a: readonly object[], b: readonly object[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
