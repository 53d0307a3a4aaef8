import type { Clock } from "../lib/clock.js";
import type { Revocations } from "../tokens/revocations.js";
import type { Lifetimes } from "./lifetimes.js";
import type { ModelPayload } from "./model-store.js";

/**
 * Whether a stored Grant or Session counts no more, although it is there: who revokes may not reach the
 * store that it lies in (a command opens no Redis), and what was issued before a shorter lifetime was
 * set must not outlive what was revoked since.
 */
export interface IsEnded {
  grant(id: string, payload: ModelPayload): Promise<boolean>;
  session(payload: ModelPayload): Promise<boolean>;
  /** As it is at this moment, not a moment ago at another node. */
  sessionNow(payload: ModelPayload): Promise<boolean>;
}

export interface IsEndedDeps {
  readonly revocations: Pick<Revocations, "isRevoked" | "isRevokedNow">;
  readonly settings: Pick<Lifetimes, "grantSeconds" | "sessionAbsoluteSeconds">;
  readonly clock: Clock;
}

export function createIsEnded({ revocations, settings, clock }: IsEndedDeps): IsEnded {
  async function isSessionEnded(
    { uid, accountId, loginTs }: ModelPayload,
    isRevoked: Revocations["isRevoked"],
  ): Promise<boolean> {
    // Nobody has signed in yet: there is nothing to end.
    if (typeof accountId !== "string") return false;
    const issuedAtSeconds = Number(loginTs ?? 0);
    if (issuedAtSeconds + settings.sessionAbsoluteSeconds < clock.nowSeconds()) return true;
    const sessionUid = text(uid);
    return isRevoked({ itself: "session", sessionUid, accountId, issuedAtSeconds });
  }

  return {
    async grant(grantId, { iat, accountId, clientId }) {
      const issuedAtSeconds = Number(iat ?? 0);
      if (issuedAtSeconds + settings.grantSeconds < clock.nowSeconds()) return true;
      return revocations.isRevoked({
        itself: "grant",
        grantId,
        accountId: text(accountId),
        clientId: text(clientId),
        issuedAtSeconds,
      });
    },
    session: (payload) => isSessionEnded(payload, revocations.isRevoked),
    sessionNow: (payload) => isSessionEnded(payload, revocations.isRevokedNow),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
