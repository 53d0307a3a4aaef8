import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Clock } from "../lib/clock.js";
import type { Sealer } from "../lib/seal.js";

/** An authorization challenge that goes on in later requests. */
export interface AuthSession {
  /** What the earlier requests said, without any password. */
  readonly params: Readonly<Record<string, string | string[]>>;
  /** The key of the DPoP proof of the earlier requests, if there was one. */
  readonly jkt: string | undefined;
}

/**
 * The `auth_session` of draft-ietf-oauth-first-party-apps-04 §5.3.1. It is the sealed session itself:
 * nothing is stored for people who have not signed in, and it opens for its client only. It proves
 * nothing about a person, so that it may be used more than once: every code takes the password again.
 */
export interface AuthSessions {
  /** @returns undefined when it would be too long to come back. */
  seal(clientId: string, session: AuthSession): string | undefined;
  /** @returns undefined for anything forged, of another client, or too old. */
  open(clientId: string, sealed: string): AuthSession | undefined;
}

/** 10 min: as long as a device code; someone looks for their password. */
const MAX_AGE_SECONDS = 600;
/** 16 KiB of the 56 that a request may have. */
const MAX_SEALED_CHARACTERS = 16 * 1024;
/** Bounds what a short text could inflate to. */
const MAX_SESSION_BYTES = 64 * 1024;

interface Sealed extends AuthSession {
  readonly at: number;
}

export function createAuthSessions(sealer: Sealer, clock: Clock): AuthSessions {
  return {
    seal(clientId, session) {
      const json = JSON.stringify({ ...session, at: clock.nowSeconds() } satisfies Sealed);
      const sealed = sealer.seal(deflateRawSync(json).toString("base64url"), clientId);
      return sealed.length > MAX_SEALED_CHARACTERS ? undefined : sealed;
    },
    open(clientId, sealed) {
      const packed = sealer.open(sealed, clientId);
      if (packed === undefined) return undefined;
      const json = inflateRawSync(Buffer.from(packed, "base64url"), {
        maxOutputLength: MAX_SESSION_BYTES,
      }).toString("utf8");
      const { params, jkt, at }: Sealed = JSON.parse(json);
      return clock.nowSeconds() - at > MAX_AGE_SECONDS ? undefined : { params, jkt };
    },
  };
}
