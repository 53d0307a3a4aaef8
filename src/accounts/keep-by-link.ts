/** The link in the mail about a deletion, by which its account is kept without signing in. */
import { toAccountId, type Account, type AccountId } from "./account.js";
import type { AccountStore } from "./account-store.js";
import type { DeleteAccount } from "./delete-account.js";
import type { OneTimeCodes } from "./one-time-codes.js";

export interface KeepByLinkDeps {
  readonly accounts: Pick<AccountStore, "find">;
  readonly oneTimeCodes: Pick<OneTimeCodes, "find" | "issue" | "redeem">;
  readonly deleteAccount: Pick<DeleteAccount, "keep">;
}

/** An account that is to be deleted. */
export interface LeavingAccount {
  readonly account: Account;
  readonly dueAtSeconds: number;
}

export interface KeepByLink {
  /** For the page with the button. @returns undefined for a link that does not count. */
  find(token: string): Promise<LeavingAccount | undefined>;
  /** The account stays. Of any number of attempts one succeeds; undefined for all others. */
  keep(token: string): Promise<LeavingAccount | undefined>;
}

export const KEEP_ACCOUNT_PURPOSE = "keep-account";

export function createKeepByLink(deps: KeepByLinkDeps): KeepByLink {
  const { accounts, oneTimeCodes, deleteAccount } = deps;

  async function find(token: string): Promise<LeavingAccount | undefined> {
    const code = await oneTimeCodes.find({ purpose: KEEP_ACCOUNT_PURPOSE, token });
    if (code === undefined) return undefined;
    const account = await accounts.find(toAccountId(code.subject));
    const dueAtSeconds = account?.deletionDueAtSeconds;
    return account === undefined || dueAtSeconds === undefined
      ? undefined
      : { account, dueAtSeconds };
  }

  return {
    find,
    async keep(token) {
      const found = await find(token);
      // It is kept once, whatever becomes of the code: a failure here would have used it up.
      if (found === undefined || !(await deleteAccount.keep(found.account.id, "account"))) {
        return undefined;
      }
      await oneTimeCodes.redeem({ purpose: KEEP_ACCOUNT_PURPOSE, token });
      return found;
    },
  };
}

export interface NewKeepLink {
  readonly accountId: AccountId;
  /** The link counts as long as the account can be kept. */
  readonly lifetimeSeconds: number;
}

/** @returns the token of the link; that of one before counts no more. */
export async function issueKeepLink(
  oneTimeCodes: Pick<OneTimeCodes, "issue">,
  { accountId, lifetimeSeconds }: NewKeepLink,
): Promise<string> {
  const code = { purpose: KEEP_ACCOUNT_PURPOSE, subject: accountId, lifetimeSeconds };
  return (await oneTimeCodes.issue(code)).token;
}
