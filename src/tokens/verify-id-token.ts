/** ID tokens as a client of this server sees them (OpenID Connect Core §3.1.3.7). */
import { createPublicKey } from "node:crypto";
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet } from "jose";

/** The public keys of an issuer (RFC 7517 §5). */
export type KeySet = JSONWebKeySet;

export interface IdTokenExpectation {
  readonly issuer: string;
  readonly clientId: string;
  /** As sent with the authorization request. */
  readonly nonce: string;
  /** `sub` of the ID token before, when this one came with a refresh (OpenID Connect Core §12.2). */
  readonly earlierSubject: string | undefined;
  /** The one algorithm that the client registered; RS256 when it registered none. */
  readonly algorithm: string;
  readonly keys: KeySet;
  readonly nowMs: number;
}

export type IdTokenVerdict =
  | {
      readonly verified: true;
      readonly claims: Readonly<Record<string, unknown>>;
      readonly subject: string;
    }
  /** `problem` is a sentence for the developer of the client. */
  | { readonly verified: false; readonly problem: string };

/** 2048: RFC 7518 §3.3. */
const RSA_MODULUS_BITS = 2048;

const PROBLEMS: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: "It has expired.",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "Its signature does not fit the key that it names.",
  ERR_JWKS_NO_MATCHING_KEY: "The key that it names is not among the keys of the server.",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: "It does not say which of the keys of the server signed it.",
  ERR_JOSE_ALG_NOT_ALLOWED: "It is signed with an algorithm that the client did not register.",
};

export async function verifyIdToken(
  token: string,
  expectation: IdTokenExpectation,
): Promise<IdTokenVerdict> {
  const { issuer, clientId, earlierSubject, algorithm, keys, nowMs } = expectation;
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer,
      audience: clientId,
      algorithms: [algorithm],
      currentDate: new Date(nowMs),
      requiredClaims: ["sub", "exp", "iat"],
      ...(earlierSubject === undefined ? {} : { subject: earlierSubject }),
    });
    const wrongClaim = findWrongClaim(payload, expectation);
    return wrongClaim === undefined
      ? { verified: true, claims: payload, subject: String(payload.sub) }
      : { verified: false, problem: describeWrongClaim(wrongClaim) };
  } catch (err) {
    if (!(err instanceof errors.JOSEError)) throw err;
    return { verified: false, problem: describeProblem(err) };
  }
}

/**
 * The keys that can verify a signature, out of what an issuer answered; those that cannot are left
 * out (RFC 7517 §5). @returns undefined when none is left.
 */
export function parseKeySet(value: unknown): KeySet | undefined {
  if (typeof value !== "object" || value === null || !("keys" in value)) return undefined;
  const keys = Array.isArray(value.keys) ? value.keys.filter((key) => isUsableKey(key)) : [];
  return keys.length === 0 ? undefined : { keys };
}

function isUsableKey(key: unknown): key is KeySet["keys"][number] {
  if (typeof key !== "object" || key === null) return false;
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: { ...key }, format: "jwk" });
    const bits = asymmetricKeyDetails?.modulusLength ?? RSA_MODULUS_BITS;
    return bits >= RSA_MODULUS_BITS;
  } catch {
    // Whatever is wrong with it: it is no key for us.
    return false;
  }
}

function findWrongClaim(
  { nonce, azp }: Readonly<Record<string, unknown>>,
  { clientId, earlierSubject, nonce: expectedNonce }: IdTokenExpectation,
): string | undefined {
  // A refreshed ID token may leave the nonce out, never change it.
  const mayLackNonce = earlierSubject !== undefined;
  if (nonce !== expectedNonce && !(mayLackNonce && nonce === undefined)) return "nonce";
  return azp === undefined || azp === clientId ? undefined : "azp";
}

function describeProblem(err: errors.JOSEError): string {
  if (err instanceof errors.JWTClaimValidationFailed) return describeWrongClaim(err.claim);
  return PROBLEMS[err.code] ?? "It is not a signed JWT.";
}

function describeWrongClaim(claim: string): string {
  return `Its claim ${claim} is missing or is not the one that the client expects.`;
}
