import { parseJsonObject } from "./parse-json.js";

type JsonObject = Readonly<Record<string, unknown>>;

/** The parts of a compact JWS; nothing in it is believed yet. */
export interface ParsedJwt {
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** @returns undefined unless it is a compact JWS (RFC 7515 §7.1) of two JSON objects in canonical base64url. */
export function parseJwt(token: string): ParsedJwt | undefined {
  const segments = token.split(".", 4);
  if (segments.length !== 3) return undefined;
  const [header, claims, signature] = segments.map(decodeSegment);
  if (header === undefined || claims === undefined || signature === undefined) return undefined;
  const [headerObject, claimsObject] = [parseUtf8(header), parseUtf8(claims)];
  if (headerObject === undefined || claimsObject === undefined) return undefined;
  return { header: headerObject, claims: claimsObject };
}

/** RFC 7515 §2: no padding, no other characters, and one way only to write each value. */
function decodeSegment(segment: string): Buffer | undefined {
  if (!BASE64URL.test(segment)) return undefined;
  const bytes = Buffer.from(segment, "base64url");
  return bytes.toString("base64url") === segment ? bytes : undefined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function parseUtf8(bytes: Buffer): JsonObject | undefined {
  try {
    return parseJsonObject(utf8.decode(bytes));
  } catch {
    // Bytes that are no UTF-8.
    return undefined;
  }
}

/** Parameters that bring their own key, or change what is signed (RFC 7515 §4.1, RFC 7797). */
const REFUSED_PARAMETERS = ["crit", "b64", "jku", "jwk", "x5u", "x5c"];

export interface HeaderRules {
  readonly algorithms: readonly string[];
  /** Media types without `application/`, in lower case. */
  readonly types: readonly string[];
}

/** @returns what is wrong with a header. */
export function findHeaderProblem(
  header: JsonObject,
  { algorithms, types }: HeaderRules,
): "header" | "algorithm" | "type" | undefined {
  if (REFUSED_PARAMETERS.some((name) => header[name] !== undefined)) return "header";
  const { alg, typ, kid } = header;
  if (typeof alg !== "string" || !algorithms.includes(alg)) return "algorithm";
  if (kid !== undefined && (typeof kid !== "string" || kid.length > MAX_KID_LENGTH))
    return "header";
  return isType(typ, types) ? undefined : "type";
}

/** 256: more than any thumbprint or URN; an id is compared only, never looked up anywhere. */
const MAX_KID_LENGTH = 256;

/** RFC 7515 §4.1.9: `application/` may be left out, and media types are compared without case. */
function isType(typ: unknown, types: readonly string[]): boolean {
  if (typeof typ !== "string") return false;
  return types.includes(typ.toLowerCase().replace(/^application\//, ""));
}
