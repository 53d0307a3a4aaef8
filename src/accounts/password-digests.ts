import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { LatchkeyError } from "../lib/errors.js";

/**
 * A set of passwords as the first bytes of their SHA-1, sorted, one after the other. 40 bits: among
 * 100,000 of them, one password in ten million is taken for one that it is not.
 */
export interface PasswordDigests {
  readonly size: number;
  has(password: string): boolean;
}

const DIGEST_BYTES = 5;
/** 5 million: 25 MB. What is longer is to be a sorted list of hashes, which stays on disk. */
const MAX_PASSWORDS = 5_000_000;

/** The form in which listed passwords are compared: neither case nor spelling makes one better. */
function digestOf(password: string): Buffer {
  const compared = password.normalize("NFKC").toLowerCase();
  return createHash("sha1").update(compared).digest().subarray(0, DIGEST_BYTES);
}

/** @throws LatchkeyError `password_list_unusable` */
export async function loadPasswordDigests(path: string): Promise<PasswordDigests> {
  const sorted = await readFile(path);
  if (sorted.length % DIGEST_BYTES !== 0) {
    throw new LatchkeyError("password_list_unusable", `${path} is no list of password digests.`);
  }
  return fromSorted(sorted);
}

/** From a text file with one password a line. @throws LatchkeyError `password_list_unusable` */
export async function readPasswordList(path: string): Promise<PasswordDigests> {
  const digests: bigint[] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line === "") continue;
    if (digests.length === MAX_PASSWORDS) throw tooLong(path);
    digests.push(BigInt(`0x${digestOf(line).toString("hex")}`));
  }
  return fromSorted(sortDigests(digests));
}

/** The bytes of a list, as `loadPasswordDigests` reads them. */
export function sortPasswordDigests(passwords: Iterable<string>): Buffer {
  return sortDigests(
    Array.from(passwords, (password) => BigInt(`0x${digestOf(password).toString("hex")}`)),
  );
}

function sortDigests(digests: readonly bigint[]): Buffer {
  const sorted = BigUint64Array.from(new Set(digests)).toSorted();
  const bytes = Buffer.alloc(sorted.length * DIGEST_BYTES);
  for (const [index, digest] of sorted.entries()) {
    bytes.write(digest.toString(16).padStart(2 * DIGEST_BYTES, "0"), index * DIGEST_BYTES, "hex");
  }
  return bytes;
}

function fromSorted(sorted: Buffer): PasswordDigests {
  const size = sorted.length / DIGEST_BYTES;
  return {
    size,
    has(password) {
      const wanted = digestOf(password);
      let [low, high] = [0, size];
      while (low < high) {
        const middle = (low + high) >>> 1;
        const at = middle * DIGEST_BYTES;
        const order = wanted.compare(sorted, at, at + DIGEST_BYTES);
        if (order === 0) return true;
        if (order < 0) high = middle;
        else low = middle + 1;
      }
      return false;
    },
  };
}

function tooLong(path: string): LatchkeyError {
  const words = `${path} has more than ${MAX_PASSWORDS} passwords: give their SHA-1 hashes, sorted, one a line.`;
  return new LatchkeyError("password_list_unusable", words);
}
