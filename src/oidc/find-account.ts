import type { FindAccount } from "oidc-provider";
import { toAccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import { keptAuthenticationClaims } from "./authentication-claims.js";
import { accountClaims } from "./claims.js";

/** Disabled accounts are not found, and with that lose sessions, codes and tokens at their next use. */
export function createFindAccount(accounts: AccountStore): FindAccount {
  return async (_ctx, sub, token) => {
    const account = await accounts.find(toAccountId(sub));
    if (account === undefined || account.disabled) return undefined;
    const extra = token?.kind === "AccessToken" ? token.extra : undefined;
    return {
      accountId: account.id,
      // An ID token has those of the authentication from the library.
      claims: (use) => ({
        ...accountClaims(account),
        ...(use === "userinfo" ? keptAuthenticationClaims(extra) : {}),
      }),
    };
  };
}
