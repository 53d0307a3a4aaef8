import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { LatchkeyError } from "../lib/errors.js";
import { readPasswordList } from "./password-digests.js";

/** Passwords that an operator has a list of. */
export interface BreachedPasswords {
  /** @param password as it was typed. */
  has(password: string): Promise<boolean>;
  close(): Promise<void>;
}

const HASH_LINE = /^(?<hash>[0-9A-F]{40})(?::\d+)?\r?$/i;
/** Longer than any line of hash and count. */
const WINDOW_BYTES = 128;

/**
 * A text file with one password a line, or the file of Have I Been Pwned: SHA-1 hashes in
 * hexadecimal, sorted, each perhaps with a colon and a count. That one is searched on disk, with some
 * 36 short reads whatever its size, and takes no memory.
 *
 * @throws LatchkeyError `password_list_unusable`
 */
export async function openBreachedPasswords(path: string): Promise<BreachedPasswords> {
  const file = await open(path).catch((cause: unknown) => {
    throw new LatchkeyError("password_list_unusable", `${path} cannot be read.`, { cause });
  });
  const { size } = await file.stat();
  const first = await lineFrom(file, 0);
  if (!HASH_LINE.test(first)) {
    await file.close();
    const list = await readPasswordList(path);
    return { has: async (password) => list.has(password), close: async () => {} };
  }
  return {
    has: (password) =>
      findHash(file, size, createHash("sha1").update(password).digest("hex").toUpperCase()),
    close: () => file.close(),
  };
}

/** Binary search over bytes: the line that begins after a place says on which side to go on. */
async function findHash(file: FileHandle, size: number, wanted: string): Promise<boolean> {
  // Of the lines that begin between the two, one may be the wanted; that at `low` begins there.
  let [low, high] = [0, size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const start = middle === 0 ? 0 : await nextLineStart(file, middle - 1);
    if (start >= high) {
      high = middle;
      continue;
    }
    const line = await lineFrom(file, start);
    const hash = HASH_LINE.exec(line)?.groups?.["hash"]?.toUpperCase();
    if (hash === undefined || hash === wanted) return hash !== undefined;
    if (hash < wanted) low = start + line.length + 1;
    else high = middle;
  }
  return false;
}

/** Where the first line begins that begins behind this place. */
async function nextLineStart(file: FileHandle, place: number): Promise<number> {
  const window = await readAt(file, place);
  const end = window.indexOf("\n");
  return end === -1 ? place + WINDOW_BYTES : place + end + 1;
}

async function lineFrom(file: FileHandle, start: number): Promise<string> {
  const [line = ""] = (await readAt(file, start)).split("\n", 1);
  return line;
}

async function readAt(file: FileHandle, place: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(WINDOW_BYTES), 0, WINDOW_BYTES, place);
  return buffer.toString("latin1", 0, bytesRead);
}
