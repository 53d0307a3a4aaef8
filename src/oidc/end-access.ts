import { setTimeout as wait } from "node:timers/promises";
import type { AccountId } from "../accounts/account.js";
import type { ConsentStore } from "../accounts/consent-store.js";
import type { Clock } from "../lib/clock.js";
import { consentId, type Revoked } from "../tokens/revocation-store.js";
import type { Revocations } from "../tokens/revocations.js";

/**
 * Ends what was issued: sessions, grants, and the tokens of every form. When a call has returned, no
 * node honours any of it a second later, and what is issued from now on is valid. None of it needs the
 * store that the sessions, grants and tokens lie in.
 */
export interface EndAccess {
  /** All of one person: they have to sign in again, at every client. */
  ofAccount(accountId: AccountId): Promise<void>;
  /** All of one client, those of every person and its own. */
  ofClient(clientId: string): Promise<void>;
  /** What one person allowed one client; they will be asked again. */
  ofConsent(accountId: AccountId, clientId: string): Promise<void>;
}

export interface EndAccessDeps {
  readonly revocations: Pick<Revocations, "revoke">;
  readonly consents: Pick<ConsentStore, "withdraw">;
  readonly clock: Clock;
}

export function createEndAccess({ revocations, consents, clock }: EndAccessDeps): EndAccess {
  /** Times in tokens are whole seconds: what is issued in this one cannot be told from what ends. */
  async function end(revoked: Revoked): Promise<void> {
    await revocations.revoke([revoked]);
    await wait(1000 - (clock.nowMs() % 1000));
  }

  return {
    ofAccount: (id) => end({ subject: "account", id }),
    ofClient: (id) => end({ subject: "client", id }),
    async ofConsent(accountId, clientId) {
      // In this order: what is issued by what was remembered is issued before it ends.
      await consents.withdraw(accountId, clientId);
      await end({ subject: "consent", id: consentId(accountId, clientId) });
    },
  };
}
