import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK } from "jose";
import { parseJsonObject } from "./parse-json.js";

/** The public keys of an issuer at one moment. Two moments with the same keys may share one set. */
export interface KeySet {
  /** @returns undefined when it has no key, or more than one, for such a header. */
  find(header: KeyHint): Promise<CryptoKey | undefined>;
}

/** What the header of a JWT says of its key. */
export type KeyHint = { readonly alg: string } | { readonly alg: string; readonly kid: string };

/** 100: an issuer publishes a handful; each is imported when a token names it. */
const MAX_KEYS = 100;

/** `jose` leaves out keys of another type, curve, algorithm or use than the header asks for. */
export function createKeySet(keys: readonly object[]): KeySet {
  if (keys.length > MAX_KEYS) throw new Error(`${keys.length} keys in a JWKS: ${MAX_KEYS} at most`);
  const find = createLocalJWKSet({ keys: keys.filter(isPublicJwk) } satisfies JSONWebKeySet);
  return {
    async find(header) {
      try {
        return await find({ ...header });
      } catch (err) {
        if (isNoKey(err)) return undefined;
        throw err;
      }
    },
  };
}

/** @throws Error unless it is a JWKS (RFC 7517 §5). */
export function parseKeySet(body: string): KeySet {
  const keys: unknown = parseJsonObject(body)?.["keys"];
  if (!Array.isArray(keys)) throw new Error("the JWKS has no keys");
  return createKeySet(keys.filter((key): key is object => typeof key === "object" && key !== null));
}

/** A private or symmetric key that was published by mistake verifies nothing. */
function isPublicJwk(key: object): key is JWK {
  return "kty" in key && typeof key.kty === "string" && !("d" in key) && !("k" in key);
}

/** None, several, or one that is malformed: for a token that names it there is no key. */
function isNoKey(err: unknown): boolean {
  return err instanceof errors.JOSEError || err instanceof TypeError || err instanceof DOMException;
}
