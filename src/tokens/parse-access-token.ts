/** A JWT access token as it was sent; nothing of it is verified. */
export interface UnverifiedAccessToken {
  readonly algorithm: string;
  readonly kid: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signingInput: string;
  readonly signature: Buffer;
}

/** 16 KiB: what Node takes as headers of a request, in which an access token has to fit. */
const MAX_TOKEN_LENGTH = 16_384;

/**
 * Reads only what this server writes, to the letter: RFC 9068 with the header `alg`, `typ` and `kid`,
 * canonical base64url and JSON as `JSON.stringify` has it. So no two texts are the same token, no
 * claim is there twice, and a header that asks for more (`crit`, `b64`, `jku`, `jwk`, `x5c`) is
 * another's (RFC 8725 §3.10, §3.11).
 *
 * @returns undefined for anything else.
 */
export function parseAccessToken(token: string): UnverifiedAccessToken | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  const parts = token.split(".");
  const [header = "", payload = "", signature = ""] = parts;
  if (parts.length !== 3) return undefined;
  const named = parseHeader(header);
  const claims = parseObject(payload);
  const signatureBytes = decode(signature);
  if (named === undefined || claims === undefined || signatureBytes === undefined) return undefined;
  return { ...named, claims, signingInput: `${header}.${payload}`, signature: signatureBytes };
}

function parseHeader(part: string): { algorithm: string; kid: string } | undefined {
  const { alg, typ, kid, ...others } = parseObject(part) ?? {};
  if (typ !== "at+jwt" || Object.keys(others).length > 0) return undefined;
  return typeof alg === "string" && typeof kid === "string" ? { algorithm: alg, kid } : undefined;
}

function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, "base64url");
  return bytes.toString("base64url") === part ? bytes : undefined;
}

function parseObject(part: string): Record<string, unknown> | undefined {
  const json = decode(part)?.toString("utf8");
  if (json === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return JSON.stringify(value) === json ? { ...value } : undefined;
}
