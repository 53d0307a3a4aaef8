import type { FindAccount } from "oidc-provider";
import { toAccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import { accountClaims } from "./claims.js";

/** Disabled accounts are not found, and with that lose sessions, codes and tokens at their next use. */
export function createFindAccount(accounts: AccountStore): FindAccount {
  return async (_ctx, sub) => {
    const account = await accounts.find(toAccountId(sub));
    if (account === undefined || account.disabled) return undefined;
    return { accountId: account.id, claims: () => accountClaims(account) };
  };
}
