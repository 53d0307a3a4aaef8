import { createHmac, hash } from "node:crypto";
import { randomToken } from "../lib/random-token.js";
import { PARTITION_LENGTH } from "./partition.js";

/**
 * The secrets that clients and browsers hold (codes, tokens, session cookies), which lead to the
 * partition of the record that they open.
 */
export interface ModelValues {
  /** @returns the partition, veiled, then `bytes` random bytes; all base64url. */
  create(partition: string, bytes: number): string;
  /** The partition that a value was created for. */
  partitionOf(value: string): string;
  /** A user code as it may be stored: it has too few bits for a hash without a key. */
  userCodeAtRest(userCode: string): string;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** @param key 32 bytes, the same on every node. */
export function createModelValues(key: Buffer): ModelValues {
  const salt = key.toString("base64url");
  /** Cut to 18 bits of a hash over input of one length, a prefixed key is as good as HMAC and a third of its cost. */
  const veilOf = (random: string) => hash("sha256", salt + random, "base64url");

  return {
    create(partition, bytes) {
      const random = randomToken(bytes);
      return veil(partition, veilOf(random)) + random;
    },
    partitionOf(value) {
      const random = value.slice(PARTITION_LENGTH);
      return veil(value.slice(0, PARTITION_LENGTH), veilOf(random));
    },
    userCodeAtRest: (userCode) => createHmac("sha256", key).update(userCode).digest("base64url"),
  };
}

/**
 * Veils and unveils. In the clear, the tokens of one person would share their first characters, by
 * which clients that each know the person by another name (OpenID Connect Core §8.1) could compare.
 */
function veil(partition: string, mask: string): string {
  let veiled = "";
  for (let index = 0; index < PARTITION_LENGTH; index++) {
    const bits = ALPHABET.indexOf(partition.charAt(index)) ^ ALPHABET.indexOf(mask.charAt(index));
    veiled += ALPHABET.charAt(bits);
  }
  return veiled;
}
