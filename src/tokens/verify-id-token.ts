/** ID tokens as a client of this server sees them (OpenID Connect Core §3.1.3.7). */
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

/** Shape only: whether each key is sound shows when it is used. */
export function isKeySet(value: unknown): value is KeySet {
  return (
    typeof value === "object" &&
    value !== null &&
    "keys" in value &&
    Array.isArray(value.keys) &&
    value.keys.every(
      (key: unknown) =>
        typeof key === "object" && key !== null && "kty" in key && typeof key.kty === "string",
    )
  );
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
