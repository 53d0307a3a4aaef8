import type { AcceptedTerms, Account, AccountId, ProfileClaims } from "./account.js";

export interface NewAccount {
  readonly id: AccountId;
  readonly username: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly profile: ProfileClaims;
  readonly demonstration: boolean;
  /** PHC string; undefined for an account without a password. */
  readonly passwordHash: string | undefined;
  /** Until then, a person whom another provider knows by `email` may make the account theirs. */
  readonly invitedUntilSeconds?: number | undefined;
  readonly terms?: AcceptedTerms | undefined;
}

/** A profile as another provider has it. */
export interface ReplacedProfile {
  readonly profile: ProfileClaims;
  /** A verified address to have instead of the present one; undefined: no change. */
  readonly email: string | undefined;
}

export interface EmailChange {
  readonly from: string | undefined;
  readonly to: string;
}

/** What sign-in reads, in one query. */
export interface SignInRecord {
  readonly account: Account;
  readonly passwordHash: string | undefined;
}

/** An account that is this caller's to delete until its lease is over. */
export interface ClaimedDeletion {
  readonly account: Account;
  readonly claim: string;
}

/**
 * Accounts and their password credentials. User names and addresses are unique in their normalized
 * form (`normalizeIdentifier`), and so across both: no user name equals another account's address.
 */
export interface AccountStore {
  /** Account and credential in one transaction. @throws IdentifierTakenError */
  create(account: NewAccount): Promise<Account>;
  /** A node may keep what it read: a change made elsewhere counts within a second. */
  find(id: AccountId): Promise<Account | undefined>;
  /** By user name or e-mail address, in any spelling. */
  findForSignIn(identifier: string): Promise<SignInRecord | undefined>;
  /** Ordered by creation, then id; `after` is the id of the last account of the page before. */
  list(page: { after?: AccountId; limit: number }): Promise<Account[]>;
  /** @returns false when there is no such account. */
  setDisabled(id: AccountId, disabled: boolean): Promise<boolean>;
  /** @returns false when there is no such account. @throws IdentifierTakenError, nothing changed */
  replaceProfile(id: AccountId, replaced: ReplacedProfile): Promise<boolean>;
  /**
   * Gives the account a confirmed address, only while it has `from`. A user name that is the address
   * goes with it.
   *
   * @returns false when it has another by now. @throws IdentifierTakenError, nothing changed
   */
  replaceEmail(id: AccountId, change: EmailChange): Promise<boolean>;
  /** @returns false when there is no such account. */
  setPasswordHash(id: AccountId, passwordHash: string): Promise<boolean>;
  /**
   * Replaces the hash only while it still is `expected`, so that a rehash at sign-in never undoes a
   * password change made meanwhile. @returns whether it was replaced.
   */
  replacePasswordHash(id: AccountId, expected: string, next: string): Promise<boolean>;
  /**
   * Changes the profile while nobody else does. @param change its undefined changes nothing.
   * @returns false when there is no such account, or nothing was changed.
   */
  updateProfile(
    id: AccountId,
    change: (account: Account) => ProfileClaims | undefined,
  ): Promise<boolean>;
  /**
   * From now on it is refused to applications. The earlier of two times counts.
   * @returns when it is due; undefined: there is no such account.
   */
  requestDeletion(id: AccountId, dueAtSeconds: number): Promise<number | undefined>;
  /** @returns false when it was not to be deleted, or its time has come. */
  cancelDeletion(id: AccountId): Promise<boolean>;
  /** One whose time has come; of many callers each gets another one, or undefined. */
  claimDeletion(leaseSeconds: number): Promise<ClaimedDeletion | undefined>;
  /**
   * Deletes it with all that is kept of the person, or nothing. `waits`: applications are still to be
   * told that its sessions ended; it is anybody's soon. `lost`: it is no longer this caller's.
   */
  removeClaimed(id: AccountId, claim: string): Promise<"removed" | "waits" | "lost">;
  /** Those that were made for demonstration. */
  listDemonstration(): Promise<AccountId[]>;
  /** @returns how many were deleted, with their credentials and consents. */
  deleteDemonstration(): Promise<number>;
}
