import { createHmac } from "node:crypto";
import { systemClock, type VerifierClock } from "./clock.js";
import type { DpopNonces } from "./dpop-options.js";

export interface DpopNonceOptions {
  /** At least 32 random bytes, the same on all nodes of the API. */
  readonly secret: Uint8Array;
  /** A nonce is valid for this long at least, and twice as long at most: 300 s unless given. */
  readonly lifetimeSeconds?: number;
  readonly clock?: VerifierClock;
}

const MIN_SECRET_BYTES = 32;

/** Nonces that are computed from the time, so that nodes share them without asking each other. */
export function createDpopNonces({
  secret,
  lifetimeSeconds = 300,
  clock = systemClock,
}: DpopNonceOptions): DpopNonces {
  if (secret.length < MIN_SECRET_BYTES) {
    throw new TypeError(`createDpopNonces: the secret has less than ${MIN_SECRET_BYTES} bytes`);
  }
  const period = () => Math.floor(clock.nowMs() / 1000 / lifetimeSeconds);
  const nonceOf = (number: number) =>
    createHmac("sha256", secret).update(`dpop-nonce ${number}`).digest("base64url");
  return {
    current: () => nonceOf(period()),
    // No secret is compared: nonces are told to everybody who asks.
    isValid: (nonce) => nonce === nonceOf(period()) || nonce === nonceOf(period() - 1),
  };
}
