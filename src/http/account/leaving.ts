import type { Context, Next } from "koa";
import type { AccountId } from "../../accounts/account.js";
import type { AccountStore } from "../../accounts/account-store.js";
import type { BrowserAccounts } from "../../oidc/browser-accounts.js";

/** Where people are led whose account is to be deleted: there is nothing else for them. */
export interface Leaving {
  isLeaving(accountId: AccountId): Promise<boolean>;
  lead(ctx: Context): void;
}

export interface LeavingDeps {
  readonly accounts: Pick<AccountStore, "find">;
  readonly basePath: string;
}

export const LEAVING_PATH = "/account/deletion";

/** What they may still do: sign in and out, as somebody else, too, and keep their account. */
const ALLOWED =
  /^\/account\/(?:deletion|sign-in|sign-out|switch|not-me)(?:\/|$)|^\/account\/upstream$/;

export function createLeaving({ accounts, basePath }: LeavingDeps): Leaving {
  return {
    isLeaving: async (id) => (await accounts.find(id))?.deletionDueAtSeconds !== undefined,
    lead(ctx) {
      ctx.status = 303;
      ctx.redirect(basePath + LEAVING_PATH);
    },
  };
}

/** Before every page of the account. */
export function leadWhoLeaves(
  { lead }: Pick<Leaving, "lead">,
  browserAccounts: Pick<BrowserAccounts, "findCurrent">,
) {
  return async (ctx: Context, next: Next): Promise<void> => {
    if (!ALLOWED.test(ctx.path)) {
      const current = await browserAccounts.findCurrent(ctx);
      if (current?.account.deletionDueAtSeconds !== undefined) return lead(ctx);
    }
    await next();
  };
}
