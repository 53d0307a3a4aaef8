import type { ClientMetadata } from "./client-store.js";

const REDIRECT_FIELDS = ["redirect_uris", "post_logout_redirect_uris"];
const LINK_FIELDS = [
  "client_uri",
  "logo_uri",
  "policy_uri",
  "tos_uri",
  "jwks_uri",
  "sector_identifier_uri",
  "initiate_login_uri",
  "backchannel_logout_uri",
];

/** Schemes that a browser runs or reads locally instead of handing them to an application. */
const FORBIDDEN_SCHEMES = new Set([
  "about:",
  "blob:",
  "data:",
  "file:",
  "filesystem:",
  "ftp:",
  "javascript:",
  "vbscript:",
  "view-source:",
  "ws:",
  "wss:",
]);

const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * What is wrong with the first URI that a client must not register, in words, beginning with the
 * metadata field (RFC 9700 §2.1, §4.1; OAuth 2.1 §2.3.1); undefined when all are fine.
 */
export function findUnsafeUri(metadata: ClientMetadata): string | undefined {
  for (const field of REDIRECT_FIELDS) {
    const values: unknown = metadata[field];
    for (const uri of Array.isArray(values) ? values : []) {
      const problem = redirectProblem(uri);
      if (problem !== undefined) return `${field} ${problem}`;
    }
  }
  for (const field of LINK_FIELDS) {
    const uri = metadata[field];
    const problem = uri === undefined ? undefined : linkProblem(uri);
    if (problem !== undefined) return `${field} ${problem}`;
  }
  return undefined;
}

function redirectProblem(uri: unknown): string | undefined {
  const common = commonProblem(uri);
  if (typeof common === "string") return common;
  if (FORBIDDEN_SCHEMES.has(common.protocol)) return "must not use this scheme";
  if (common.protocol === "http:" && !LOOPBACK_HOSTS.has(common.hostname)) {
    return "must use https, or http on a loopback host (localhost, 127.0.0.1, [::1])";
  }
  return common.hash === "" ? undefined : "must not contain a fragment";
}

function linkProblem(uri: unknown): string | undefined {
  const common = commonProblem(uri);
  if (typeof common === "string") return common;
  return common.protocol === "https:" || common.protocol === "http:"
    ? undefined
    : "must be a web address";
}

function commonProblem(uri: unknown): URL | string {
  if (typeof uri !== "string") return "must hold strings";
  // The WHATWG parser repairs these silently, so that two texts would be one address.
  if (/[\s\\\p{Cc}]/u.test(uri))
    return "must not contain white space, control characters or backslashes";
  if (uri.includes("*")) return "must not contain wildcards";
  const url = URL.parse(uri);
  if (url === null) return "must be absolute URIs";
  if (url.username !== "" || url.password !== "") return "must not contain user information";
  return url;
}
