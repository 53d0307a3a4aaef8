/**
 * Access tokens in the form of JWTs (RFC 9068), as an API sees them. Owns their verification; what
 * they are issued for is decided in `oidc/`.
 */
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTPayload } from "jose";

export interface AccessTokenExpectation {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: JSONWebKeySet;
}

/** A verified access token; `scopes` is empty when it carries none. */
export interface VerifiedAccessToken {
  readonly payload: JWTPayload;
  readonly scopes: ReadonlySet<string>;
}

/** The algorithms that this server signs with; `none` and HMAC are never among them (RFC 8725 §3.1). */
const ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"];

/** @returns undefined for any token that is not one of ours, for this audience, valid now (RFC 9068 §4). */
export async function verifyAccessToken(
  token: string,
  { issuer, audience, jwks }: AccessTokenExpectation,
): Promise<VerifiedAccessToken | undefined> {
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer,
      audience,
      typ: "at+jwt",
      algorithms: ALGORITHMS,
      requiredClaims: ["exp", "iat", "sub", "client_id", "jti"],
    });
    const scope = payload["scope"];
    return { payload, scopes: new Set(typeof scope === "string" ? scope.split(" ") : []) };
  } catch (err) {
    if (err instanceof errors.JOSEError) return undefined;
    throw err;
  }
}
