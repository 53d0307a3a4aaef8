import type { Account } from "../accounts/account.js";
import type { HeldSession } from "../oidc/browser-accounts.js";

/** Somebody who is signed in at this browser, as the pages show them. */
export interface AccountChoice {
  /** Posted as `account`. */
  readonly handle: string;
  readonly name: string;
  /** What tells two people of one name apart. */
  readonly detail: string;
  readonly isInUse: boolean;
}

export function describeAccounts(held: readonly HeldSession[]): AccountChoice[] {
  return held.map(({ handle, account, isInUse }) => ({
    handle,
    isInUse,
    ...describeAccount(account),
  }));
}

export function describeAccount({ profile, username, email }: Account) {
  return { name: profile.name ?? username, detail: email ?? username };
}
