import { setTimeout as wait } from "node:timers/promises";
import type { AccountId } from "../accounts/account.js";
import type { ConsentStore } from "../accounts/consent-store.js";
import type { Clock } from "../lib/clock.js";
import type {
  ClaimedEnding,
  EndingReason,
  EndingStore,
  RequestedEnding,
} from "../sessions/ending-store.js";
import { consentId } from "../tokens/revocation-store.js";
import type { Revocations } from "../tokens/revocations.js";

export interface EndAccessOptions {
  /** `administrator` unless told. */
  readonly reason?: EndingReason;
  /** For how long the caller alone completes it, 0 unless told: any server process does at once. */
  readonly leaseSeconds?: number;
}

/**
 * Ends what was issued: sessions, grants, and the tokens of every form. When a call has returned, no
 * node honours any of it a second later, and what is issued from now on is valid. None of it needs the
 * store that the sessions, grants and tokens lie in: they are deleted, and clients told, by a server
 * that completes the ending which is returned (`EndSessions.complete`).
 */
export interface EndAccess {
  /** All of one person: they have to sign in again, at every client. */
  ofAccount(accountId: AccountId, options?: EndAccessOptions): Promise<ClaimedEnding>;
  /** All of one client, those of every person and its own. */
  ofClient(clientId: string, options?: EndAccessOptions): Promise<ClaimedEnding>;
  /**
   * All sessions of one person that began until now, but one; with offline access, also all grants but
   * those of that one. Tokens of what ended are to be revoked by the caller, and nothing but the
   * caller completes it.
   *
   * @returns until when it ends what began.
   */
  ofOthers(
    accountId: string,
    others: { readonly kept: KeptSession | undefined; readonly includingOffline: boolean },
  ): Promise<number>;
  /** What one person allowed one client; they will be asked again. */
  ofConsent(
    accountId: AccountId,
    clientId: string,
    options?: EndAccessOptions,
  ): Promise<ClaimedEnding>;
}

export interface KeptSession {
  readonly uid: string;
  readonly grantIds: readonly string[];
}

export interface EndAccessDeps {
  readonly revocations: Pick<Revocations, "revoke">;
  readonly endings: Pick<EndingStore, "request">;
  readonly consents: Pick<ConsentStore, "withdraw">;
  readonly clock: Clock;
}

export function createEndAccess(deps: EndAccessDeps): EndAccess {
  const { revocations, endings, consents, clock } = deps;

  async function end(
    { subject, id }: Pick<RequestedEnding, "subject" | "id">,
    { reason = "administrator", leaseSeconds = 0 }: EndAccessOptions = {},
  ): Promise<ClaimedEnding> {
    // In this order: an ending covers all that its revocation does.
    await revocations.revoke([{ subject, id }]);
    const ending = await endings.request({ subject, id, reason }, leaseSeconds);
    // Times in tokens are whole seconds: what is issued in this one cannot be told from what ends.
    await wait(1000 - (clock.nowMs() % 1000));
    return ending;
  }

  return {
    ofAccount: (id, options) => end({ subject: "account", id }, options),
    ofClient: (id, options) => end({ subject: "client", id }, options),
    async ofOthers(accountId, { kept, includingOffline }) {
      const keptSession = kept === undefined ? [] : [kept.uid];
      const keptGrants = includingOffline ? (kept?.grantIds ?? []) : [];
      // All in one step, so that nobody takes what stays for what ends.
      await revocations.revoke([
        ...keptGrants.map((id) => ({ subject: "kept_grant" as const, id })),
        ...keptSession.map((id) => ({ subject: "kept_session" as const, id })),
        ...(includingOffline ? [{ subject: "other_grants" as const, id: accountId }] : []),
        { subject: "other_sessions", id: accountId },
      ]);
      return clock.nowSeconds();
    },
    async ofConsent(accountId, clientId, options) {
      // In this order: what is issued by what was remembered is issued before it ends.
      await consents.withdraw(accountId, clientId);
      return end({ subject: "consent", id: consentId(accountId, clientId) }, options);
    },
  };
}
