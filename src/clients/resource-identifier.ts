/**
 * The form in which identifiers of APIs (RFC 8707 §2) are kept and compared. RFC 3986 §6.2.2 and
 * §6.2.3: scheme and host in lower case, no default port, no dot segments, percent-encoding only
 * where it is needed and in capitals. Beyond the standard, no slash at the end: many clients send
 * one, and it makes no other API. What is no URI stays as it is, save for that.
 */
export function normalizeResourceIdentifier(identifier: string): string {
  const trimmed = withoutTrailingSlashes(identifier);
  const url = URL.parse(normalizePercentEncoding(trimmed));
  // A query keeps the slash after the path, and an identifier without authority its text.
  if (url === null) return trimmed;
  return url.host === "" ? normalizeUrn(trimmed, url) : withoutTrailingSlashes(url.href);
}

/**
 * What is wrong with an identifier that an API is to be registered under, in words; undefined when
 * nothing is (RFC 8707 §2).
 */
export function findIdentifierProblem(identifier: string): string | undefined {
  // The WHATWG parser repairs these silently, so that two texts would be one API.
  if (/[\s\\\p{Cc}]/u.test(identifier)) {
    return "must not contain white space, control characters or backslashes";
  }
  const url = URL.parse(identifier);
  if (url === null) return "must be an absolute URI, such as https://api.example.com";
  if (identifier.includes("#")) return "must not contain a fragment";
  if (url.username !== "" || url.password !== "") return "must not contain user information";
  return undefined;
}

function withoutTrailingSlashes(text: string): string {
  return text.replace(/\/+$/, "");
}

/** Scheme and, of a URN, namespace are compared in lower case (RFC 8141 §3.1). */
function normalizeUrn(identifier: string, { protocol }: URL): string {
  const rest = identifier.slice(protocol.length);
  if (protocol !== "urn:") return protocol + rest;
  const end = rest.indexOf(":");
  return protocol + rest.slice(0, end).toLowerCase() + rest.slice(end);
}

/** RFC 3986 §2.3. */
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

function normalizePercentEncoding(text: string): string {
  return text.replaceAll(/%[0-9A-Fa-f]{2}/g, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return UNRESERVED.test(character) ? character : encoded.toUpperCase();
  });
}
