import { randomBytes } from "node:crypto";

/**
 * An unguessable value for URLs, headers and file names, in base64url.
 *
 * 32 bytes unless told: OAuth 2.1 asks for a guessing chance of 2^-128 at most and recommends 2^-160.
 */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString("base64url");
}
