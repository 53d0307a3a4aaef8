/** Logout tokens of other providers, which tell that a session there has ended (OpenID Connect Back-Channel Logout §2.4, §2.6). */
import { createLocalJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import type { KeySet } from "./verify-id-token.js";

/** Whom it means: at least one of `subject` and `sid` is there. */
export interface LogoutToken {
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  readonly jti: string;
  /** After it the same token is refused as too old. */
  readonly usableUntilSeconds: number;
}

export interface LogoutTokenExpectation {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: KeySet;
  readonly nowSeconds: number;
}

export type LogoutTokenVerdict =
  | { readonly verified: true; readonly token: LogoutToken }
  /** `isKeyUnknown`: newer keys may help. */
  | { readonly verified: false; readonly problem: string; readonly isKeyUnknown: boolean };

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** Those of RFC 7518 and RFC 8037 with a public key; `none` and the ones with a shared secret never. */
const ALGORITHMS = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" ");

/** 60 s: as far as clocks may differ. */
const TOLERANCE_SECONDS = 60;
/** 10 min: providers try again for some minutes. Old ones are stolen, or end what began since. */
const MAX_AGE_SECONDS = 600;
/** Beyond it nothing is a name of anything; it is kept in a store. */
const MAX_NAME_LENGTH = 1000;

export async function verifyLogoutToken(
  token: string,
  { issuer, clientId, keys, nowSeconds }: LogoutTokenExpectation,
): Promise<LogoutTokenVerdict> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer,
      audience: clientId,
      algorithms: ALGORITHMS,
      currentDate: new Date(nowSeconds * 1000),
      clockTolerance: TOLERANCE_SECONDS,
      maxTokenAge: MAX_AGE_SECONDS,
      requiredClaims: ["iat", "jti", "events"],
    });
    const problem = findProblem(protectedHeader.typ, payload);
    if (problem !== undefined) return { verified: false, problem, isKeyUnknown: false };
    const { jti = "", iat = 0 } = payload;
    const subject = textOf(payload.sub);
    const sid = textOf(payload["sid"]);
    const usableUntilSeconds = iat + MAX_AGE_SECONDS + TOLERANCE_SECONDS;
    return { verified: true, token: { subject, sid, jti, usableUntilSeconds } };
  } catch (err) {
    if (!(err instanceof errors.JOSEError)) throw err;
    return { verified: false, problem: describe(err), isKeyUnknown: isAboutKeys(err) };
  }
}

/** What tells it from every other kind of JWT that the provider signs. */
function findProblem(typ: string | undefined, payload: JWTPayload): string | undefined {
  const { events, jti, sub, sid } = payload;
  if (!isOwnType(typ)) return "its typ is that of another kind of token";
  if (payload["nonce"] !== undefined) return "it has a nonce, as ID tokens do";
  if (!hasEvent(events)) return "its events are not those of a logout";
  if (textOf(jti) === undefined) return "its jti is no name";
  if (textOf(sub) === undefined && textOf(sid) === undefined) return "it has neither sub nor sid";
  const isMeant = (value: unknown) => value === undefined || textOf(value) !== undefined;
  return isMeant(sub) && isMeant(sid) ? undefined : "its sub or its sid is no name";
}

/** `logout+jwt` is recommended (§2.4); older providers say what they say of all JWTs, or nothing. */
function isOwnType(typ: string | undefined): boolean {
  const own = ["jwt", "logout+jwt", "application/logout+jwt"];
  return typ === undefined || own.includes(typ.toLowerCase());
}

function hasEvent(events: unknown): boolean {
  const { [EVENT]: event }: Record<string, unknown> = { ...Object(events) };
  return typeof event === "object" && event !== null && !Array.isArray(event);
}

function textOf(value: unknown): string | undefined {
  const isName = typeof value === "string" && value !== "" && value.length <= MAX_NAME_LENGTH;
  return isName ? value : undefined;
}

function isAboutKeys(err: errors.JOSEError): boolean {
  return (
    err instanceof errors.JWKSNoMatchingKey || err instanceof errors.JWSSignatureVerificationFailed
  );
}

function describe(err: errors.JOSEError): string {
  if (err instanceof errors.JWTExpired) return "it is too old";
  if (err instanceof errors.JWTClaimValidationFailed) return `its claim ${err.claim} is not right`;
  return PROBLEMS[err.code] ?? "it is not a signed JWT";
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "its signature does not fit",
  ERR_JWKS_NO_MATCHING_KEY: "the provider does not publish the key that it names",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: "it does not say which key it was signed with",
  ERR_JOSE_ALG_NOT_ALLOWED: "it is signed with an algorithm that is not taken",
};
