import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Clock } from "../lib/clock.js";
import type { Sealer } from "../lib/seal.js";

/** An authorization request as it was validated, to start again when its interaction is gone. */
export interface SealedRequest {
  readonly clientId: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface SealedRequests {
  /** Opaque text for a cookie or a hidden field; undefined when it would not fit in a cookie. */
  seal(request: SealedRequest): string | undefined;
  /** @returns undefined for anything that is not ours or older than a day. */
  open(sealed: string): SealedRequest | undefined;
}

/** 24 h: a login page left open over night still leads on; one from last week does not. */
const MAX_AGE_SECONDS = 24 * 3600;
/** A browser keeps cookies of 4096 bytes, name and attributes included. */
const MAX_SEALED_CHARACTERS = 3600;
/** Bounds what a forged-looking but valid text could inflate to. */
const MAX_REQUEST_BYTES = 64 * 1024;
const CONTEXT = "authorization-request";

export function createSealedRequests(sealer: Sealer, clock: Clock): SealedRequests {
  return {
    seal({ clientId, params }) {
      const json = JSON.stringify({ clientId, params, at: clock.nowSeconds() });
      const sealed = sealer.seal(deflateRawSync(json).toString("base64url"), CONTEXT);
      return sealed.length > MAX_SEALED_CHARACTERS ? undefined : sealed;
    },
    open(sealed) {
      const packed = sealer.open(sealed, CONTEXT);
      if (packed === undefined) return undefined;
      const json = inflateRawSync(Buffer.from(packed, "base64url"), {
        maxOutputLength: MAX_REQUEST_BYTES,
      }).toString("utf8");
      const { clientId, params, at }: SealedRequest & { at: number } = JSON.parse(json);
      return clock.nowSeconds() - at > MAX_AGE_SECONDS ? undefined : { clientId, params };
    },
  };
}
