import { errors } from "oidc-provider";

const TOKEN_TYPE = "urn:ietf:params:oauth:token-type:";
export const ACCESS_TOKEN_TYPE = `${TOKEN_TYPE}access_token`;
export const JWT_TYPE = `${TOKEN_TYPE}jwt`;

type TokenType = typeof ACCESS_TOKEN_TYPE | typeof JWT_TYPE;

export interface TypedToken {
  readonly value: string;
  readonly type: TokenType;
}

/** A token exchange request (RFC 8693 §2.1) of which every value is one that this server can honour. */
export interface ExchangeRequest {
  readonly subject: TypedToken;
  readonly actor: TypedToken | undefined;
  readonly requestedType: TokenType;
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
  /** Undefined: whatever may be had. */
  readonly scopes: ReadonlySet<string> | undefined;
}

export const EXCHANGE_PARAMETERS = [
  "subject_token",
  "subject_token_type",
  "actor_token",
  "actor_token_type",
  "requested_token_type",
  "resource",
  "audience",
  "scope",
] as const;

/** Several may name one target (§2.1). */
export const REPEATABLE_PARAMETERS = ["resource", "audience"] as const;

/** 16 KiB: far longer than any token of this server. */
const MAX_TOKEN_LENGTH = 16_384;

/** @throws errors.InvalidRequest as §2.2.2 wants it. */
export function parseExchangeRequest(params: Readonly<Record<string, unknown>>): ExchangeRequest {
  const subject = parseToken(params, "subject_token");
  if (subject === undefined) {
    throw new errors.InvalidRequest("missing required parameter(s) 'subject_token'");
  }
  return {
    subject,
    actor: parseToken(params, "actor_token"),
    requestedType: parseType(params, "requested_token_type") ?? ACCESS_TOKEN_TYPE,
    resources: texts(params["resource"]),
    audiences: texts(params["audience"]),
    scopes: parseScopes(params["scope"]),
  };
}

function parseToken(
  params: Readonly<Record<string, unknown>>,
  name: "subject_token" | "actor_token",
): TypedToken | undefined {
  const [value] = texts(params[name]);
  const type = parseType(params, `${name}_type`);
  if (value === undefined && type === undefined) return undefined;
  if (value === undefined || type === undefined) {
    throw new errors.InvalidRequest(`${name} and ${name}_type come together or not at all`);
  }
  if (value.length > MAX_TOKEN_LENGTH) throw new errors.InvalidRequest(`${name} is not valid`);
  return { value, type };
}

/**
 * ID tokens are refused: one says who signed in at a client and gives nobody access, travels through
 * browsers as a hint, and cannot be revoked.
 */
function parseType(params: Readonly<Record<string, unknown>>, name: string): TokenType | undefined {
  const [type] = texts(params[name]);
  if (type === undefined || type === ACCESS_TOKEN_TYPE || type === JWT_TYPE) return type;
  throw new errors.InvalidRequest(`${name} is not supported`);
}

function parseScopes(scope: unknown): ReadonlySet<string> | undefined {
  const [text] = texts(scope);
  return text === undefined ? undefined : new Set(text.split(" "));
}

/** Parameters without a value count as omitted (RFC 6749 §3.2). */
function texts(value: unknown): string[] {
  return [value]
    .flat()
    .filter((each) => typeof each === "string" && each !== "")
    .map(String);
}
