import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from "node:crypto";

/** Encrypts what must be readable again (signing keys, upstream secrets), for storage or a cookie. */
export interface Sealer {
  /** @param context where the value belongs, such as its row's id: it opens nowhere else. */
  seal(plaintext: string, context: string): string;
  /** @returns undefined for anything forged, cut, or of another key, purpose or context. */
  open(sealed: string, context: string): string | undefined;
}

/** Marks our own messages, so that they can travel through hands that we do not trust. */
export interface Mac {
  sign(message: string): string;
  verify(message: string, mac: string): boolean;
}

const VERSION_PREFIX = "v1.";
/** 96 bit: NIST SP 800-38D §8.2.2; random, so at most 2^32 messages for one key (§8.3). */
const NONCE_BYTES = 12;
/** 128 bit: the longest of NIST SP 800-38D §5.2.1.2. Given to Node too, which else takes shorter ones. */
const TAG_BYTES = 16;

/**
 * A key for one purpose, by HKDF-SHA-256 (RFC 5869). Without a salt: the secret is a random key
 * already (§3.1), and every node must derive the same.
 */
export function deriveKey(secretKey: string, purpose: string, bytes = 32): Buffer {
  return Buffer.from(hkdfSync("sha256", secretKey, "", purpose, bytes));
}

/** AES-256-GCM under a key of its own for each purpose. */
export function createSealer(secretKey: string, purpose: string): Sealer {
  // Not the bare purpose: a Mac of the same purpose must not share the key.
  const key = keyFor(secretKey, `seal:${purpose}`);
  return {
    seal(plaintext, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(context));
      const ciphertext = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
      const sealed = Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]);
      return VERSION_PREFIX + sealed.toString("base64url");
    },
    open(sealed, context) {
      const bytes = decodeSealed(sealed);
      if (bytes === undefined) return undefined;
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const plaintext = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      try {
        return Buffer.concat([plaintext, decipher.final()]).toString("utf8");
      } catch {
        // The tag does not fit; which of the reasons it is must not be told apart.
        return undefined;
      }
    },
  };
}

/** Seals with the first; opens what any of them sealed. */
export function combineSealers(sealers: readonly [Sealer, ...Sealer[]]): Sealer {
  const [first, ...others] = sealers;
  if (others.length === 0) return first;
  return {
    seal: (plaintext, context) => first.seal(plaintext, context),
    open(sealed, context) {
      for (const sealer of sealers) {
        const plaintext = sealer.open(sealed, context);
        if (plaintext !== undefined) return plaintext;
      }
      return undefined;
    },
  };
}

/** Signs with the first; verifies what any of them signed. */
export function combineMacs(macs: readonly [Mac, ...Mac[]]): Mac {
  return {
    sign: (message) => macs[0].sign(message),
    verify: (message, mac) => macs.some((each) => each.verify(message, mac)),
  };
}

/** HMAC-SHA-256 in base64url under a key of its own for each purpose. */
export function createMac(secretKey: string, purpose: string): Mac {
  const key = keyFor(secretKey, `mac:${purpose}`);
  const sign = (message: string) => createHmac("sha256", key).update(message).digest("base64url");
  return {
    sign,
    verify(message, mac) {
      const expected = Buffer.from(sign(message));
      const given = Buffer.from(mac);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

/** In the form in which using it costs a third of what the bare bytes do. */
function keyFor(secretKey: string, purpose: string): KeyObject {
  return createSecretKey(deriveKey(secretKey, purpose));
}

function decodeSealed(sealed: string): Buffer | undefined {
  if (!sealed.startsWith(VERSION_PREFIX)) return undefined;
  const encoded = sealed.slice(VERSION_PREFIX.length);
  const bytes = Buffer.from(encoded, "base64url");
  // Node skips what is not base64url; only the one true spelling of a sealed value may open.
  if (bytes.toString("base64url") !== encoded) return undefined;
  return bytes.length < NONCE_BYTES + TAG_BYTES ? undefined : bytes;
}
