import { randomFillSync } from "node:crypto";

/** 4 KiB: asking the system for so many random bytes takes hardly longer than for a few. */
const POOL_BYTES = 4096;

let pool = Buffer.alloc(0);
let usedBytes = 0;

/**
 * An unguessable value for URLs, headers and file names, in base64url.
 *
 * 32 bytes unless told: OAuth 2.1 asks for a guessing chance of 2^-128 at most and recommends 2^-160.
 *
 * @param bytes at most 4096.
 */
export function randomToken(bytes = 32): string {
  if (pool.length - usedBytes < bytes) {
    pool = randomFillSync(Buffer.alloc(POOL_BYTES));
    usedBytes = 0;
  }
  const token = pool.toString("base64url", usedBytes, usedBytes + bytes);
  usedBytes += bytes;
  return token;
}
