import { promisify } from "node:util";
import { constants, deflate } from "node:zlib";

const compress = promisify(deflate);

/** A Status List in JSON format (draft-ietf-oauth-status-list-21 §4.2). */
export interface EncodedStatusList {
  /** One bit a token: 0x00 VALID or 0x01 INVALID (§7.1). */
  readonly bits: 1;
  /** The bit array, compressed, in base64url. */
  readonly lst: string;
}

/** One bit for each index, all VALID; the length is rounded up to whole bytes (§13.4). */
export function createStatusBits(capacity: number): Buffer {
  return Buffer.alloc(Math.ceil(capacity / 8));
}

/** Marks an index INVALID. Bits are counted from the least significant of each byte (§4.1). */
export function markInvalid(bits: Buffer, index: number): void {
  const byte = bits[index >>> 3];
  if (byte === undefined) throw new RangeError(`the status list has no index ${index}`);
  bits[index >>> 3] = byte | (1 << (index & 7));
}

/** ZLIB's format of DEFLATE at the highest level (§4.1). */
export async function encodeStatusBits(bits: Buffer): Promise<EncodedStatusList> {
  const compressed = await compress(bits, { level: constants.Z_BEST_COMPRESSION });
  return { bits: 1, lst: compressed.toString("base64url") };
}
