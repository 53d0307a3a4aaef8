import { LONGEST_TOKEN_SECONDS } from "../lib/longest-token.js";
import { findClaimMappingProblems } from "./claim-mapping.js";
import { findIdentifierProblem } from "./resource-identifier.js";
import type { ResourceServer } from "./resource-server-store.js";

/** What is wrong with one fact of an API, in words that follow the fact's name. */
export interface ApiProblem {
  readonly fact: keyof ResourceServer;
  readonly problem: string;
}

/** RFC 6749 §3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;
/** OpenID Connect's; a request that asks for them means userinfo. */
const OPENID_SCOPES = new Set(["openid", "offline_access", "profile", "email", "phone", "address"]);
const MAX_NAME_CHARACTERS = 200;

/** Everything that is wrong with an API as a whole; what the types say is taken for granted. */
export function findApiProblems(api: ResourceServer): ApiProblem[] {
  const problems = (fact: keyof ResourceServer, found: readonly (string | undefined)[]) =>
    found.flatMap((problem) => (problem === undefined ? [] : [{ fact, problem }]));
  return [
    ...problems("identifier", [findIdentifierProblem(api.identifier)]),
    ...problems("name", [findNameProblem(api.name)]),
    ...problems("scopes", Object.entries(api.scopes).map(findScopeProblem)),
    ...problems("accessTokenSeconds", [findLifetimeProblem(api.accessTokenSeconds)]),
    ...problems("clients", Object.entries(api.clients).map(unknownScopeOf(api))),
    ...problems("claims", findClaimMappingProblems(api.claims)),
    ...(api.accessTokenFormat === "opaque" ? findJwtFacts(api) : []),
  ];
}

/** What says something about a JWT, of which an opaque token has nothing. */
function findJwtFacts(api: ResourceServer): ApiProblem[] {
  const given = {
    accessTokenAlgorithm: api.accessTokenAlgorithm !== undefined,
    statusList: api.statusList,
    claims: Object.keys(api.claims).length > 0,
  };
  const facts = ["accessTokenAlgorithm", "statusList", "claims"] as const;
  const problem = "is about JWT access tokens, and this API gets opaque ones";
  return facts.filter((fact) => given[fact]).map((fact) => ({ fact, problem }));
}

function findNameProblem(name: string): string | undefined {
  if (name.trim() === "") return "must not be empty";
  return name.length > MAX_NAME_CHARACTERS || /\p{Cc}/u.test(name)
    ? `must be ${MAX_NAME_CHARACTERS} characters at most, none of them a control character`
    : undefined;
}

function findScopeProblem([scope, words]: [string, string]): string | undefined {
  if (!SCOPE_TOKEN.test(scope)) {
    return `must be visible ASCII without spaces, " and \\ (RFC 6749 §3.3), which ${JSON.stringify(scope)} is not`;
  }
  if (OPENID_SCOPES.has(scope)) return `must not be OpenID Connect's, as "${scope}" is`;
  return words.trim() === "" ? `must say in words what "${scope}" allows` : undefined;
}

function findLifetimeProblem(seconds: number | undefined): string | undefined {
  if (seconds === undefined) return undefined;
  return Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= LONGEST_TOKEN_SECONDS
    ? undefined
    : `must be a whole number from 1 to ${LONGEST_TOKEN_SECONDS}`;
}

function unknownScopeOf({ scopes }: ResourceServer) {
  return ([clientId, allowed]: [string, readonly string[] | "all"]): string | undefined => {
    const unknown =
      allowed === "all" ? [] : allowed.filter((scope) => !Object.hasOwn(scopes, scope));
    if (unknown.length === 0) return undefined;
    const known = Object.keys(scopes).join(", ") || "none";
    return `must be allowed scopes that the API has (${known}), which ${unknown.join(", ")} of "${clientId}" is not`;
  };
}
