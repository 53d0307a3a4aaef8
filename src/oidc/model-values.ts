import { createHmac, hash } from "node:crypto";
import { randomToken } from "../lib/random-token.js";
import { PARTITION_LENGTH } from "./partition.js";

/**
 * The secrets that clients and browsers hold (codes, tokens, session cookies), which lead to the
 * partition of the record that they open.
 */
export interface ModelValues {
  /** @returns the partition, veiled, then `bytes` bytes; all base64url. */
  create(partition: string, bytes: number): string;
  /** The partition that a value was created for. */
  partitionOf(value: string): string;
  /**
   * The id of a grant or session as it may be told to others: the same each time, and another id only
   * to us, who unveil it. For all others it begins with nothing that two ids of one account share.
   */
  veil(id: string): string;
  /** @returns some id, whatever is unveiled: that it was veiled here, somebody else has to prove. */
  unveil(veiled: string): string;
  /**
   * A user code as it may be stored: it has too few bits for a hash without a key.
   * @param deviceCode what was created beside it; undefined: it is created now.
   */
  userCodeAtRest(userCode: string, deviceCode?: string): string;
  /** Every way in which a user code may have been stored, the newest first. */
  userCodesAtRest(userCode: string): string[];
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** 24 bit: of 16 million values one would be taken for one of another key. */
const MARK_BYTES = 3;
const MARK_LENGTH = 4;

/** What one key does. */
interface ValueKey {
  /** Tells the values of this key from those of another. */
  mark(random: string): string;
  veilOf(random: string): string;
  hashUserCode(userCode: string): string;
}

/**
 * @param key 32 bytes, the same on every node.
 * @param otherKeys those that values may have been created under, too.
 */
export function createModelValues(key: Buffer, ...otherKeys: readonly Buffer[]): ModelValues {
  const newest = createValueKey(key);
  const others = otherKeys.map(createValueKey);
  const all = [newest, ...others];

  /** Values that carry no mark are older than marks are, and so is their key. */
  function keyOf(value: string): ValueKey {
    if (others.length === 0) return newest;
    const random = value.slice(PARTITION_LENGTH, -MARK_LENGTH);
    const mark = value.slice(-MARK_LENGTH);
    return all.find((each) => each.mark(random) === mark) ?? others.at(-1) ?? newest;
  }

  return {
    create(partition, bytes) {
      const head = randomToken(bytes - MARK_BYTES);
      const random = head + newest.mark(head);
      return veil(partition, newest.veilOf(random)) + random;
    },
    partitionOf(value) {
      const random = value.slice(PARTITION_LENGTH);
      return veil(value.slice(0, PARTITION_LENGTH), keyOf(value).veilOf(random));
    },
    veil(id) {
      const random = id.slice(PARTITION_LENGTH);
      const partition = veil(id.slice(0, PARTITION_LENGTH), newest.veilOf(random));
      return partition + random + newest.mark(random);
    },
    unveil(veiled) {
      const random = veiled.slice(PARTITION_LENGTH, -MARK_LENGTH);
      return veil(veiled.slice(0, PARTITION_LENGTH), keyOf(veiled).veilOf(random)) + random;
    },
    userCodeAtRest: (userCode, deviceCode) =>
      (deviceCode === undefined ? newest : keyOf(deviceCode)).hashUserCode(userCode),
    userCodesAtRest: (userCode) => all.map((each) => each.hashUserCode(userCode)),
  };
}

/** Cut to some bits of a hash over input of one length, a prefixed key is as good as HMAC and a third of its cost. */
function createValueKey(key: Buffer): ValueKey {
  const salt = key.toString("base64url");
  const markSalt = createHmac("sha256", key).update("mark").digest("base64url");
  return {
    mark: (random) => hash("sha256", markSalt + random, "base64url").slice(0, MARK_LENGTH),
    veilOf: (random) => hash("sha256", salt + random, "base64url"),
    hashUserCode: (userCode) => createHmac("sha256", key).update(userCode).digest("base64url"),
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
