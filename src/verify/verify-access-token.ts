import { hash } from "node:crypto";
import { AccessTokenError } from "./access-token-error.js";
import { createBoundedCache } from "./bounded-cache.js";
import type { KeySet } from "./key-set.js";
import type { KeySource } from "./key-source.js";
import type { HeaderRules } from "./parse-jwt.js";
import {
  assertTimely,
  readJwtClaims,
  type ClaimExpectation,
  type TimeNow,
  type VerifiedAccessToken,
} from "./verified-access-token.js";
import { parseSignedJwt, verifySignature } from "./verify-jwt.js";

export interface VerifyAccessTokenDeps {
  readonly keys: KeySource;
  readonly rules: HeaderRules;
  readonly expected: ClaimExpectation;
  readonly maxRememberedTokens: number;
}

/** A token, and the keys that verified it. */
interface Remembered {
  readonly set: KeySet;
  readonly token: VerifiedAccessToken;
}

/**
 * Verifies JWT access tokens as such (RFC 9068 §4): header, claims, times and signature. A signature
 * is checked once while the keys are the same; times are looked at each time.
 */
export function createVerifyAccessToken(deps: VerifyAccessTokenDeps) {
  const { keys, rules, expected } = deps;
  const remembered = createBoundedCache<Remembered>(deps.maxRememberedTokens);

  /** What is cheap comes first: no key is looked for on behalf of a token that is none of ours. */
  async function verifyFirst(token: string, now: TimeNow): Promise<Remembered> {
    const { header, claims } = parseSignedJwt(token, rules);
    const read = readJwtClaims(claims, expected);
    assertTimely(read, now);
    const set = await verifySignature(token, { header, keys, set: await getKeys(keys), rules });
    return { set, token: read };
  }

  /** @throws AccessTokenError for whatever is wrong with it, and `keys_unavailable`. */
  return async (token: string, now: TimeNow): Promise<VerifiedAccessToken> => {
    // Not the token itself: what is kept in memory should be of no use to who reads it.
    const id = hash("sha256", token, "base64url");
    const known = remembered.get(id);
    // With other keys than then it is checked again: its key may have been withdrawn.
    if (known !== undefined && known.set === (await getKeys(keys))) {
      assertTimely(known.token, now);
      return copy(known.token);
    }
    const verified = await verifyFirst(token, now);
    remembered.set(id, verified);
    return copy(verified.token);
  };
}

/** Whatever one request does to its token, the next gets it as it was. */
function copy(token: VerifiedAccessToken): VerifiedAccessToken {
  return { ...token, scopes: new Set(token.scopes) };
}

async function getKeys(keys: KeySource): Promise<KeySet> {
  try {
    return await keys.get();
  } catch (cause) {
    throw new AccessTokenError("keys_unavailable", { cause });
  }
}
