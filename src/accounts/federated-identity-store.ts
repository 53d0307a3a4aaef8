import type { Account, AccountId } from "./account.js";
import type { NewAccount } from "./account-store.js";
import type { FederatedIdentity, UpstreamSubject } from "./federated-identity.js";

export type NewFederatedIdentity = Omit<
  FederatedIdentity,
  "accountId" | "linkedAtSeconds" | "lastUsedAtSeconds"
>;

/** An account that has an e-mail address, as far as a first sign-in from elsewhere needs to know. */
export interface AddressHolder {
  readonly account: Account;
  /** It can sign in: with a password, a passkey or as somebody at another provider. */
  readonly hasWayIn: boolean;
  /** Waits for a person with this address; never of an account that has a way in. */
  readonly isInvited: boolean;
}

/** What else an account may sign in with, when one way in is taken away. */
export interface WaysIn {
  readonly password: boolean;
  readonly passkeys: boolean;
  /** Issuers of providers that are in use. */
  readonly issuers: readonly string[];
}

/**
 * Who accounts are at other providers. An identity belongs to one account at most: of concurrent
 * writers of one, the first wins, on whichever node.
 */
export interface FederatedIdentityStore {
  find(subject: UpstreamSubject): Promise<FederatedIdentity | undefined>;
  /** In the order in which they were linked. */
  listOfAccount(id: AccountId): Promise<FederatedIdentity[]>;
  findAddressHolder(email: string): Promise<AddressHolder | undefined>;
  /**
   * Account and identity in one transaction.
   * @throws IdentifierTakenError when a name is another account's, or the identity is: look again.
   */
  createAccount(account: NewAccount, identity: NewFederatedIdentity): Promise<Account>;
  /** Waits for the owner of the account's address, anew. @returns false when there is no account. */
  invite(id: AccountId, untilSeconds: number): Promise<boolean>;
  /**
   * Takes up an invitation: the account gets the identity, and its address counts as verified.
   * @returns false when the invitation is gone or expired, or the identity is another account's.
   */
  claimInvitation(id: AccountId, identity: NewFederatedIdentity): Promise<boolean>;
  /**
   * @returns false when the identity is another account's, or there is no such account. Linked
   *   already is true.
   */
  link(id: AccountId, identity: NewFederatedIdentity): Promise<boolean>;
  /** What a sign-in through the identity tells. */
  recordUse(identity: NewFederatedIdentity): Promise<void>;
  /**
   * Takes the identity away unless nothing would remain of `waysIn` to sign in with; of concurrent
   * calls that would leave none, the last is refused.
   */
  unlink(
    id: AccountId,
    subject: UpstreamSubject,
    waysIn: WaysIn,
  ): Promise<"unlinked" | "not_linked" | "last_way_in">;
}
