import { randomToken } from "../lib/random-token.js";

/** 128 bit: an identifier that nobody chooses and that equals no `sub` (RFC 9700 §4.15). */
const CLIENT_ID_BYTES = 16;

/** Prefixed, so that none begins with a dash, which a command would take for an option. */
export function generateClientId(): string {
  return `client_${randomToken(CLIENT_ID_BYTES)}`;
}
