import { compactVerify, errors } from "jose";
import { AccessTokenError } from "./access-token-error.js";
import type { KeySet } from "./key-set.js";
import type { KeySource } from "./key-source.js";
import { findHeaderProblem, parseJwt, type HeaderRules, type ParsedJwt } from "./parse-jwt.js";

/** @throws AccessTokenError `malformed`, `header`, `algorithm`, `type`; the signature is not looked at. */
export function parseSignedJwt(token: string, rules: HeaderRules): ParsedJwt {
  const jwt = parseJwt(token);
  if (jwt === undefined) throw new AccessTokenError("malformed");
  const problem = findHeaderProblem(jwt.header, rules);
  if (problem !== undefined) throw new AccessTokenError(problem);
  return jwt;
}

/** A JWT of which the header was read, and the keys that it may be signed with. */
interface Signed {
  readonly header: ParsedJwt["header"];
  readonly keys: KeySource;
  readonly set: KeySet;
  readonly rules: HeaderRules;
}

/**
 * @returns the keys that it was verified with.
 * @throws AccessTokenError `unknown_key`, `signature`.
 */
export async function verifySignature(token: string, signed: Signed): Promise<KeySet> {
  const { key, set } = await findKey(signed);
  try {
    await compactVerify(token, key, { algorithms: [...signed.rules.algorithms] });
    return set;
  } catch (cause) {
    // TypeError: the key is too weak for the algorithm (RFC 7518 §3.3).
    if (cause instanceof errors.JOSEError || cause instanceof TypeError) {
      throw new AccessTokenError("signature", { cause });
    }
    throw cause;
  }
}

async function findKey({ header, keys, set }: Signed): Promise<{ key: CryptoKey; set: KeySet }> {
  const { alg, kid } = header;
  const hint = { alg: String(alg), ...(typeof kid === "string" ? { kid } : {}) };
  const key = await set.find(hint);
  if (key !== undefined) return { key, set };
  const newer = await keys.getNewer();
  const newKey = newer === set ? undefined : await newer.find(hint);
  if (newKey === undefined) throw new AccessTokenError("unknown_key");
  return { key: newKey, set: newer };
}
