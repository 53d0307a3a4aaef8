import type {
  AccessTokenAlgorithm,
  ClaimSource,
  ClientScopes,
  ResourceServer,
} from "../clients/resource-server-store.js";
import { LatchkeyError } from "../lib/errors.js";

/** What is said of an API; what is absent stays as it is. */
export interface ApiOptions {
  readonly name?: string;
  /** Each `value=what it lets an application do`. */
  readonly scopes?: readonly string[];
  readonly removedScopes?: readonly string[];
  readonly format?: "jwt" | "opaque";
  readonly algorithm?: AccessTokenAlgorithm | "default";
  readonly accessTokenSeconds?: number | "default";
  readonly default?: boolean;
  readonly open?: boolean;
  readonly statusList?: boolean;
  readonly publishMetadata?: boolean;
  /** Each `claim=source`, where the source is a path or `{"const": …}`. */
  readonly claims?: readonly string[];
  readonly removedClaims?: readonly string[];
}

/** @throws LatchkeyError `invalid_api` for what cannot be read. */
export function applyApiOptions(api: ResourceServer, options: ApiOptions): ResourceServer {
  const { format, algorithm, accessTokenSeconds, ...others } = options;
  const { scopes = [], removedScopes = [], claims = [], removedClaims = [], ...facts } = others;
  const kept = Object.entries(api.clients).map(([clientId, allowed]): [string, ClientScopes] => [
    clientId,
    allowed === "all" ? "all" : allowed.filter((scope) => !removedScopes.includes(scope)),
  ]);
  return {
    ...api,
    ...facts,
    scopes: {
      ...without(api.scopes, removedScopes, "scope"),
      ...Object.fromEntries(scopes.map(parseScope)),
    },
    clients: Object.fromEntries(kept),
    accessTokenFormat: format ?? api.accessTokenFormat,
    accessTokenAlgorithm: orDefault(algorithm, api.accessTokenAlgorithm),
    accessTokenSeconds: orDefault(accessTokenSeconds, api.accessTokenSeconds),
    claims: {
      ...without(api.claims, removedClaims, "claim"),
      ...Object.fromEntries(claims.map(parseClaim)),
    },
  };
}

function orDefault<Value>(
  given: Value | "default" | undefined,
  current: Value | undefined,
): Value | undefined {
  if (given === undefined) return current;
  return given === "default" ? undefined : given;
}

function without<Value>(
  record: Readonly<Record<string, Value>>,
  removed: readonly string[],
  what: string,
): Record<string, Value> {
  const unknown = removed.find((name) => !Object.hasOwn(record, name));
  if (unknown !== undefined) throw invalid(`The API has no ${what} "${unknown}".`);
  return Object.fromEntries(Object.entries(record).filter(([name]) => !removed.includes(name)));
}

function parseScope(given: string): [string, string] {
  const [value, words] = split(given);
  if (value === "") {
    throw invalid(
      `A scope is written as value="what it allows", such as orders:read="Read your orders"; it is "${given}".`,
    );
  }
  return [value, words === "" ? value : words];
}

function parseClaim(given: string): [string, ClaimSource] {
  const [name, source] = split(given);
  if (name === "" || source === "") {
    throw invalid(
      `A claim is written as name=source, such as email=account.email or tier='{"const":"gold"}'; it is "${given}".`,
    );
  }
  return [name, source.startsWith("{") ? parseConstant(source) : source];
}

function parseConstant(source: string): ClaimSource {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    throw invalid(`A constant claim is written as {"const": value} in JSON; it is ${source}.`);
  }
  if (typeof value === "object" && value !== null && "const" in value) {
    if (Object.keys(value).length === 1) return { const: value.const };
  }
  throw invalid(`A constant claim is written as {"const": value}; it is ${source}.`);
}

/** At the first "=", since words and constants may hold others. */
function split(given: string): [string, string] {
  const [name = "", ...rest] = given.split("=");
  return [name, rest.join("=")];
}

function invalid(message: string): LatchkeyError {
  return new LatchkeyError("invalid_api", message, { status: 400 });
}
