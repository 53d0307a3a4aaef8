import { AccessTokenError } from "./access-token-error.js";

/** What an access token is bound to (`cnf`): the sender has to prove that it holds the key. */
export interface Confirmation {
  /** RFC 9449 §6.1: thumbprint of the DPoP key. */
  readonly jkt: string | undefined;
  /** RFC 8705 §3.1: SHA-256 of the client's certificate. */
  readonly certificateSha256: string | undefined;
}

/** An access token that passed every check. */
export interface VerifiedAccessToken {
  readonly format: "jwt" | "opaque";
  /** The account, or the client when it acts for itself (RFC 9068 §2.2). */
  readonly subject: string;
  readonly clientId: string;
  /** Empty when it carries none. */
  readonly scopes: ReadonlySet<string>;
  readonly audience: readonly string[];
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
  /** `jti`; an opaque token may have none. */
  readonly id: string | undefined;
  /** How and when the person signed in (RFC 9068 §2.2.1); undefined when the token does not say. */
  readonly acr: string | undefined;
  readonly authenticatedAtSeconds: number | undefined;
  /** Undefined: a bearer token. */
  readonly confirmation: Confirmation | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface ClaimExpectation {
  readonly issuer: string;
  /** One of them has to be in `aud`. */
  readonly audience: readonly string[];
  readonly toleranceSeconds: number;
}

export interface TimeNow {
  readonly nowSeconds: number;
  readonly toleranceSeconds: number;
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * The claims of a JWT access token (RFC 9068 §2.2), each of its type.
 *
 * @throws AccessTokenError `issuer`, `audience`, `claims`.
 */
export function readJwtClaims(claims: Claims, expected: ClaimExpectation): VerifiedAccessToken {
  if (claims["iss"] !== expected.issuer) throw new AccessTokenError("issuer");
  const read = readClaims({ claims, format: "jwt" });
  assertAudience(read, expected);
  requireString(claims, "jti");
  return read;
}

/**
 * What an introspection endpoint said of an active opaque token (RFC 7662 §2.2). It may leave out
 * the issuer, and the subject of a client that acts for itself.
 *
 * @throws AccessTokenError `issuer`, `audience`, `claims`.
 */
export function readIntrospectedClaims(
  claims: Claims,
  expected: ClaimExpectation,
): VerifiedAccessToken {
  const { iss = expected.issuer, sub = claims["client_id"], iat = 0 } = claims;
  if (iss !== expected.issuer) throw new AccessTokenError("issuer");
  const read = readClaims({ claims: { ...claims, sub, iat }, format: "opaque" });
  assertAudience(read, expected);
  return read;
}

/** @throws AccessTokenError `expired`, `not_yet_valid`. */
export function assertTimely(
  token: VerifiedAccessToken,
  { nowSeconds, toleranceSeconds }: TimeNow,
): void {
  const notBefore = optionalNumber(token.claims, "nbf") ?? token.issuedAtSeconds;
  if (token.expiresAtSeconds + toleranceSeconds <= nowSeconds) {
    throw new AccessTokenError("expired");
  }
  if (Math.max(notBefore, token.issuedAtSeconds) > nowSeconds + toleranceSeconds) {
    throw new AccessTokenError("not_yet_valid");
  }
}

function readClaims({ claims, format }: { claims: Claims; format: "jwt" | "opaque" }) {
  optionalNumber(claims, "nbf");
  return {
    format,
    subject: requireString(claims, "sub"),
    clientId: requireString(claims, "client_id"),
    scopes: new Set(optionalString(claims, "scope")?.split(" ").filter(Boolean)),
    audience: Object.freeze(readAudience(claims["aud"])),
    issuedAtSeconds: requireNumber(claims, "iat"),
    expiresAtSeconds: requireNumber(claims, "exp"),
    id: optionalString(claims, "jti"),
    acr: optionalString(claims, "acr"),
    authenticatedAtSeconds: optionalNumber(claims, "auth_time"),
    confirmation: readConfirmation(claims["cnf"]),
    claims: freezeDeep(claims),
  };
}

function assertAudience({ audience }: VerifiedAccessToken, expected: ClaimExpectation): void {
  if (!audience.some((each) => expected.audience.includes(each))) {
    throw new AccessTokenError("audience");
  }
}

function readAudience(aud: unknown): string[] {
  const list: unknown[] = Array.isArray(aud) ? aud : [aud];
  const audience = list.filter((each) => typeof each === "string");
  if (audience.length !== list.length) throw new AccessTokenError("audience");
  return audience;
}

/** A binding that the verifier does not know is one that it cannot check. */
function readConfirmation(cnf: unknown): Confirmation | undefined {
  if (cnf === undefined) return undefined;
  if (typeof cnf !== "object" || cnf === null) throw new AccessTokenError("claims");
  const members = new Map<string, unknown>(Object.entries(cnf));
  const [jkt, certificateSha256] = [members.get("jkt"), members.get("x5t#S256")];
  const known = [jkt, certificateSha256].filter((each) => typeof each === "string");
  if (known.length === 0 || known.length !== members.size) throw new AccessTokenError("claims");
  return Object.freeze({
    jkt: typeof jkt === "string" ? jkt : undefined,
    certificateSha256: typeof certificateSha256 === "string" ? certificateSha256 : undefined,
  });
}

function requireString(claims: Claims, name: string): string {
  const value = optionalString(claims, name);
  if (value === undefined || value === "") throw new AccessTokenError("claims");
  return value;
}

function optionalString(claims: Claims, name: string): string | undefined {
  const value = claims[name];
  if (value === undefined || typeof value === "string") return value;
  throw new AccessTokenError("claims");
}

function requireNumber(claims: Claims, name: string): number {
  const value = optionalNumber(claims, name);
  if (value === undefined) throw new AccessTokenError("claims");
  return value;
}

/** NumericDate (RFC 7519 §2). */
function optionalNumber(claims: Claims, name: string): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new AccessTokenError("claims");
}

/** Claims are shared by all requests with the same token. */
function freezeDeep<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) freezeDeep(member);
  return Object.freeze(value);
}
