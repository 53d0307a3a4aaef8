/**
 * Access tokens in the form of JWTs (RFC 9068), as the server that issued them sees them. Owns their
 * verification; what they are issued for, and whether they were revoked, is decided in `oidc/`.
 */
import {
  constants,
  createPublicKey,
  hash,
  verify,
  type JsonWebKey,
  type KeyObject,
  type VerifyKeyObjectInput,
} from "node:crypto";
import type { Clock } from "../lib/clock.js";
import { parseAccessToken, type UnverifiedAccessToken } from "./parse-access-token.js";

/** One of ours, and valid now as far as itself tells. */
export interface VerifiedIssuedToken {
  /** All of them. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly jti: string;
  readonly subject: string;
  readonly clientId: string;
  readonly audience: string;
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
}

/** @returns undefined for any text that is no access token of this issuer, valid now (RFC 9068 §4). */
export type VerifyIssuedAccessToken = (token: string) => VerifiedIssuedToken | undefined;

export interface VerifyIssuedAccessTokenDeps {
  readonly issuer: string;
  /** Those that verify now, with `kid` and `alg`: the same array until they change. Asked at each use. */
  readonly publicKeys: () => readonly JsonWebKey[];
  readonly clock: Clock;
  readonly maxKept?: number;
}

/** The algorithms that this server signs with; `none` and HMAC are never among them (RFC 8725 §3.1). */
const ALGORITHMS: Readonly<
  Record<string, { digest: string | null; options: Omit<VerifyKeyObjectInput, "key"> }>
> = {
  ES256: { digest: "sha256", options: { dsaEncoding: "ieee-p1363" } },
  RS256: { digest: "sha256", options: { padding: constants.RSA_PKCS1_PADDING } },
  PS256: {
    digest: "sha256",
    options: {
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    },
  },
  EdDSA: { digest: null, options: {} },
};

/** 5,000: about 10 MB. A token is asked about again while it lives, which is minutes. */
const MAX_KEPT = 5_000;

interface VerificationKey {
  readonly algorithm: string;
  readonly key: KeyObject;
}

/**
 * Keeps the claims of tokens whose signature was verified, by the SHA-256 of the token, until the keys
 * change: an ES256 signature costs 100 times as much as that. Only what this server signed is ever
 * kept. Times are looked at each time.
 */
export function createVerifyIssuedAccessToken({
  issuer,
  publicKeys,
  clock,
  maxKept = MAX_KEPT,
}: VerifyIssuedAccessTokenDeps): VerifyIssuedAccessToken {
  const kept = new Map<string, VerifiedIssuedToken>();
  let known: readonly JsonWebKey[] = [];
  let keys = new Map<string, VerificationKey>();

  function refreshKeys(): void {
    const current = publicKeys();
    if (current === known) return;
    known = current;
    keys = new Map(current.map((jwk) => [String(jwk["kid"]), toVerificationKey(jwk)]));
    kept.clear();
  }

  function verifySigned(token: string): VerifiedIssuedToken | undefined {
    const parsed = parseAccessToken(token);
    if (parsed === undefined || !hasSignature(parsed, keys.get(parsed.kid))) return undefined;
    return toVerified(parsed.claims, issuer);
  }

  function keep(digest: string, verified: VerifiedIssuedToken): void {
    kept.set(digest, verified);
    for (const oldest of kept.keys()) {
      if (kept.size <= maxKept) break;
      kept.delete(oldest);
    }
  }

  return (token) => {
    refreshKeys();
    const digest = hash("sha256", token, "base64url");
    const before = kept.get(digest);
    const verified = before ?? verifySigned(token);
    if (verified === undefined) return undefined;
    if (!isValidNow(verified, clock.nowSeconds())) {
      kept.delete(digest);
      return undefined;
    }
    if (before === undefined) keep(digest, verified);
    return verified;
  };
}

function toVerificationKey(jwk: JsonWebKey): VerificationKey {
  return {
    algorithm: String(jwk["alg"]),
    key: createPublicKey({ key: jwk, format: "jwk" }),
  };
}

/** By the key that the token names, with the algorithm of that key and no other (RFC 8725 §3.1). */
function hasSignature(
  { algorithm, signingInput, signature }: UnverifiedAccessToken,
  known: VerificationKey | undefined,
): boolean {
  if (known === undefined || known.algorithm !== algorithm) return false;
  const rule = ALGORITHMS[known.algorithm];
  if (rule === undefined) return false;
  const input = { key: known.key, ...rule.options };
  return verify(rule.digest, Buffer.from(signingInput), input, signature);
}

/** @returns undefined when a claim that RFC 9068 §2.2 requires is missing, or another issuer's. */
function toVerified(
  claims: Readonly<Record<string, unknown>>,
  issuer: string,
): VerifiedIssuedToken | undefined {
  const { iss, jti, sub, client_id: clientId, aud, iat, exp } = claims;
  if (
    iss !== issuer ||
    typeof jti !== "string" ||
    typeof sub !== "string" ||
    typeof clientId !== "string" ||
    typeof aud !== "string" ||
    !Number.isSafeInteger(iat) ||
    !Number.isSafeInteger(exp)
  ) {
    return undefined;
  }
  return Object.freeze({
    claims: Object.freeze(claims),
    jti,
    subject: sub,
    clientId,
    audience: aud,
    issuedAtSeconds: Number(iat),
    expiresAtSeconds: Number(exp),
  });
}

function isValidNow({ claims, expiresAtSeconds }: VerifiedIssuedToken, now: number): boolean {
  const { nbf } = claims;
  if (expiresAtSeconds <= now) return false;
  return nbf === undefined || (typeof nbf === "number" && nbf <= now);
}
