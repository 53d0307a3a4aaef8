import type { Account, AccountId } from "./account.js";
import type { NewAccount } from "./account-store.js";
import type { WaysIn } from "./federated-identity-store.js";
import type { NewPasskey, Passkey } from "./passkey.js";

/** What the authenticator told when it signed. */
export interface PasskeyUse {
  readonly counter: number;
  readonly isBackedUp: boolean;
}

/**
 * Passkeys of accounts. A credential id belongs to one account at most: of concurrent writers of
 * one, the first wins, on whichever node.
 */
export interface PasskeyStore {
  find(credentialId: string): Promise<Passkey | undefined>;
  /** In the order in which they were added. */
  listOfAccount(id: AccountId): Promise<Passkey[]>;
  /** @returns false when the credential is there already, or there is no such account. */
  add(id: AccountId, passkey: NewPasskey): Promise<boolean>;
  /**
   * Account and passkey in one transaction.
   * @throws IdentifierTakenError when a name is another account's, or the credential is.
   */
  createAccount(account: NewAccount, passkey: NewPasskey): Promise<Account>;
  /**
   * Records that it signed, unless its counter did not grow, which a copy of the authenticator would
   * cause (Web Authentication §6.1.1). One that stays 0 does not count. Of concurrent uses of one
   * count, the first is recorded.
   *
   * @returns false, with nothing changed, then, and when it is gone.
   */
  recordUse(credentialId: string, use: PasskeyUse): Promise<boolean>;
  /** @returns false when the account has no such passkey. */
  rename(id: AccountId, credentialId: string, name: string): Promise<boolean>;
  /**
   * Takes a passkey away unless nothing would remain of `waysIn` to sign in with; of concurrent
   * calls that would leave none, the last is refused. The same of `FederatedIdentityStore.unlink`.
   */
  remove(
    id: AccountId,
    credentialId: string,
    waysIn: WaysIn,
  ): Promise<"removed" | "unknown" | "last_way_in">;
}
