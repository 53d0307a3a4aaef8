/**
 * Accounts that go. Owns when one is deleted, what comes before and after, and how it is kept after
 * all; does not own what lies where (`storage/`) or what the person sees. Every server process runs
 * what is due (`startAccountDeletion`), `main.ts` starts and stops it.
 */
import type { Audit } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import type { Account, AccountId } from "./account.js";
import type { AccountStore } from "./account-store.js";

export interface DeleteAccountDeps {
  readonly accounts: Pick<
    AccountStore,
    "find" | "requestDeletion" | "cancelDeletion" | "claimDeletion" | "removeClaimed"
  >;
  /** Ends all that the account has open, and has applications told soon. */
  readonly endAccess: (id: AccountId) => Promise<unknown>;
  /** The same, and nothing of it is left to be done. */
  readonly clearAccess: (id: AccountId) => Promise<unknown>;
  /** Tells the person, who may have an address. */
  readonly tell: (account: Account, told: DeletionTold) => Promise<void>;
  /** A link by which the account is kept counts no more. */
  readonly cancelLink: (id: AccountId) => Promise<void>;
  readonly graceSeconds: number;
  readonly audit: Audit;
  readonly clock: Clock;
}

export type DeletionNotice = "deletion_requested" | "deletion_cancelled" | "account_deleted";

export type DeletionTold =
  | { readonly kind: "deletion_requested"; readonly dueAtSeconds: number }
  | { readonly kind: Exclude<DeletionNotice, "deletion_requested"> };

export interface DeletionRequest {
  readonly by: "account" | "administrator";
  /** Without the time in which it can be taken back. */
  readonly atOnce?: boolean;
}

export interface DeleteAccount {
  /**
   * Refuses the account to all applications from now on, and deletes it when its time has come.
   * @returns when that is; undefined when there is no such account.
   */
  request(id: AccountId, request: DeletionRequest): Promise<number | undefined>;
  /** The account stays. @returns false when it was not to go, or it is too late. */
  keep(id: AccountId, by: DeletionRequest["by"]): Promise<boolean>;
  /** Deletes one whose time has come. @returns whether there may be more now. */
  deleteNext(): Promise<boolean>;
  /** Called when one becomes due soon, at this node. */
  subscribe(listener: () => void): void;
}

/** 60 s: then another process takes over from one that has died. */
const LEASE_SECONDS = 60;

export function createDeleteAccount(deps: DeleteAccountDeps): DeleteAccount {
  const { accounts, endAccess, clearAccess, tell, audit, clock } = deps;
  const listeners: (() => void)[] = [];

  return {
    async request(id, { by, atOnce = false }) {
      const graceSeconds = atOnce ? 0 : deps.graceSeconds;
      const account = await accounts.find(id);
      const dueAtSeconds = await accounts.requestDeletion(id, clock.nowSeconds() + graceSeconds);
      if (account === undefined || dueAtSeconds === undefined) return undefined;
      // Afterwards: nothing is opened any more, so nothing comes after what is ended.
      await endAccess(id);
      audit({
        event: "account.deletion_requested",
        outcome: "success",
        accountId: id,
        by,
        dueAtSeconds,
      });
      if (graceSeconds > 0) await tell(account, { kind: "deletion_requested", dueAtSeconds });
      for (const listener of listeners) listener();
      return dueAtSeconds;
    },

    async keep(id, by) {
      if (!(await accounts.cancelDeletion(id))) return false;
      audit({ event: "account.deletion_cancelled", outcome: "success", accountId: id, by });
      await deps.cancelLink(id);
      const account = await accounts.find(id);
      if (account !== undefined) await tell(account, { kind: "deletion_cancelled" });
      return true;
    },

    async deleteNext() {
      const claimed = await accounts.claimDeletion(LEASE_SECONDS);
      if (claimed === undefined) return false;
      const { account, claim } = claimed;
      // Once more: a sign-in may have been under way.
      await clearAccess(account.id);
      const outcome = await accounts.removeClaimed(account.id, claim);
      if (outcome === "removed") {
        audit({ event: "account.deleted", outcome: "success", accountId: account.id });
        await tell(account, { kind: "account_deleted" });
      }
      return true;
    },

    subscribe: (listener) => void listeners.push(listener),
  };
}
