import type { ClaimSource } from "./resource-server-store.js";

/**
 * Claims whose meaning a standard or this server fixes, and which verifiers decide by: RFC 7519
 * §4.1, RFC 9068 §2.2, RFC 7800, RFC 8693 §4, RFC 9396, OpenID Connect Core §2, Token Status List;
 * `active` and `token_type` would be those of introspection (RFC 7662 §2.2).
 */
const RESERVED_CLAIMS = new Set(
  [
    "iss sub aud exp nbf iat jti",
    "client_id scope auth_time acr amr",
    "cnf act may_act authorization_details",
    "sid grant_id ancestors status events txn",
    "nonce azp at_hash c_hash s_hash",
    "active token_type username",
  ].flatMap((names) => names.split(" ")),
);

/** What is said of a client to everybody (RFC 7591 §2). */
const CLIENT_FIELDS = [
  "client_name",
  "client_uri",
  "logo_uri",
  "policy_uri",
  "tos_uri",
  "software_id",
  "software_version",
  "application_type",
];

const SOURCES = new Set([
  ...["username", "email", "email_verified"].map((field) => `account.${field}`),
  ...CLIENT_FIELDS.map((field) => `client.${field}`),
]);
const PROFILE_SOURCE = /^account\.profile\.[A-Za-z][A-Za-z0-9_]{0,63}$/;
/** No control characters, which nobody sees in a log or a debugger. */
const CLAIM_NAME = /^[^\p{Cc}\s"\\]{1,200}$/u;

/** 2 KB: a token travels in a header, of which servers take 8 KB in all. */
const MAX_MAPPING_BYTES = 2048;

/** What is wrong with a declared mapping, in words, one text for each problem. */
export function findClaimMappingProblems(claims: Readonly<Record<string, ClaimSource>>): string[] {
  const problems = Object.entries(claims).flatMap(([name, source]) => {
    if (!CLAIM_NAME.test(name))
      return [`claim ${JSON.stringify(name)}: this is no name for a claim`];
    if (RESERVED_CLAIMS.has(name)) return [`claim "${name}": the server itself says what this is`];
    if (typeof source !== "string" || isSource(source)) return [];
    return [
      `claim "${name}": there is no source "${source}"; there are ${[...SOURCES].join(", ")}, account.profile.<name> and {"const": <value>}`,
    ];
  });
  const bytes = Buffer.byteLength(JSON.stringify(claims));
  if (bytes > MAX_MAPPING_BYTES) {
    problems.push(`the claims take ${bytes} bytes: ${MAX_MAPPING_BYTES} at most`);
  }
  return problems;
}

function isSource(source: string): boolean {
  return SOURCES.has(source) || PROFILE_SOURCE.test(source);
}
