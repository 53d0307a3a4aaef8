import { createCipheriv, createHash } from "node:crypto";

/**
 * 24: proofs of Feistel networks over so few bits ask for more rounds the more outputs are seen, and
 * those who hold many tokens see many. Each costs a look into a table.
 */
const ROUNDS = 24;

/** 8 to 2^24 bits: whole bytes, and halves whose tables stay small. */
const MIN_CAPACITY = 8;
const MAX_CAPACITY = 2 ** 24;

/**
 * The order in which the indices of a list are given out, as a function from a counter to an index:
 * each index once, and in an order that nobody can tell who does not know the seed. So a token says
 * neither how many were issued before it nor which of two was first (draft-ietf-oauth-status-list-21
 * §12.4, §12.5: non-sequential, pseudo-random indices).
 *
 * A Feistel network of unequal halves, whose round functions are tables of random bits.
 *
 * @param capacity a power of two.
 */
export function createIndexPermutation(
  seed: string,
  capacity: number,
): (counter: number) => number {
  const bits = Math.log2(capacity);
  if (!Number.isInteger(bits) || capacity < MIN_CAPACITY || capacity > MAX_CAPACITY) {
    throw new RangeError(`a status list cannot have ${capacity} bits`);
  }
  const lowBits = Math.floor(bits / 2);
  const lowSize = 2 ** lowBits;
  const highSize = 2 ** (bits - lowBits);
  const tables = createTables(seed, [lowSize, highSize]);

  return (counter) => {
    let high = counter >>> lowBits;
    let low = counter & (lowSize - 1);
    for (const { ofLow, ofHigh } of tables) {
      high ^= (ofLow[low] ?? 0) & (highSize - 1);
      low ^= (ofHigh[high] ?? 0) & (lowSize - 1);
    }
    return high * lowSize + low;
  };
}

interface RoundTables {
  readonly ofLow: Uint16Array;
  readonly ofHigh: Uint16Array;
}

/** Two rounds each. */
function createTables(seed: string, [lowSize, highSize]: [number, number]): RoundTables[] {
  const size = lowSize + highSize;
  const words = expandSeed(seed, (ROUNDS / 2) * size);
  return Array.from({ length: ROUNDS / 2 }, (_, round) => ({
    ofLow: words.subarray(round * size, round * size + lowSize),
    ofHigh: words.subarray(round * size + lowSize, (round + 1) * size),
  }));
}

/** The key stream of AES-256-CTR. Every node must derive the same, so the byte order is fixed. */
function expandSeed(seed: string, count: number): Uint16Array {
  const key = createHash("sha256").update(seed).digest();
  const stream = createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(
    Buffer.alloc(count * 2),
  );
  return Uint16Array.from({ length: count }, (_, index) => stream.readUInt16BE(index * 2));
}
