import { promisify } from "node:util";
import { inflate } from "node:zlib";

/** The statuses of many tokens (draft-ietf-oauth-status-list-21 §4). */
export interface StatusList {
  /** @returns undefined when the list has no such index (§8.3: then the token is refused). */
  statusAt(index: number): number | undefined;
}

/** §7.1: everything but this is a reason to refuse a token. */
export const STATUS_VALID = 0;

const unzip = promisify(inflate);

/**
 * @param value the `status_list` of a Status List Token (§4.2).
 * @throws Error unless it is one, of `maxBytes` at most when it is unpacked.
 */
export async function openStatusList(
  { bits, lst }: Readonly<Record<string, unknown>>,
  maxBytes: number,
): Promise<StatusList> {
  if (!isBitSize(bits)) throw new Error("a status has 1, 2, 4 or 8 bits");
  if (typeof lst !== "string") throw new Error("the status list has no lst");
  const bytes = await unzip(Buffer.from(lst, "base64url"), { maxOutputLength: maxBytes });
  return { statusAt: (index) => readStatus(bytes, bits, index) };
}

type BitSize = 1 | 2 | 4 | 8;

function isBitSize(bits: unknown): bits is BitSize {
  return bits === 1 || bits === 2 || bits === 4 || bits === 8;
}

/** §4.1: counted from the least significant bit of each byte. */
function readStatus(bytes: Buffer, bits: BitSize, index: number): number | undefined {
  const perByte = 8 / bits;
  const byte = bytes[Math.floor(index / perByte)];
  if (byte === undefined) return undefined;
  return (byte >>> ((index % perByte) * bits)) & (2 ** bits - 1);
}
