import type { Context, Next } from "koa";
import { message } from "../../lib/message.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import { isSameOrigin } from "../form-guard.js";
import { readForm } from "../read-form.js";
import type { AccountDeps, AccountForm } from "./account-deps.js";
import { ACCOUNT_PAGES, formPurpose, parseAccountPage, type AccountPage } from "./account-frame.js";
import type { Notices } from "./notice.js";

export interface AccountGuard {
  /** For what only whoever is signed in may do; leads everybody else to the sign-in. */
  signedIn(
    handle: (ctx: Context, form: AccountForm) => Promise<void>,
  ): (ctx: Context, next: Next) => Promise<void>;
  /** For what anybody may do who has the page before them. */
  anybody(
    handle: (ctx: Context, fields: Readonly<Record<string, string>>) => Promise<void>,
  ): (ctx: Context, next: Next) => Promise<void>;
  toSignIn(ctx: Context, page: AccountPage): void;
}

export type GuardDeps = Pick<
  AccountDeps,
  "browserAccounts" | "formGuard" | "render" | "basePath" | "issuer"
> & { readonly notices: Notices };

/** Every form of the account passes here: it came from a page of ours, of whoever is signed in now. */
export function createAccountGuard(deps: GuardDeps): AccountGuard {
  const { browserAccounts, formGuard, render, notices, basePath } = deps;
  const { origin } = new URL(deps.issuer);

  function toSignIn(ctx: Context, page: AccountPage): void {
    ctx.status = 303;
    ctx.redirect(`${basePath}/account/sign-in?to=${page}`);
  }

  function refuseForgery(ctx: Context): void {
    render(
      ctx,
      "error",
      {
        heading: message("common.form-foreign"),
        explanation: message("errors.form-elsewhere"),
        errorCode: undefined,
        errorDescription: undefined,
        requestId: String(ctx.state["requestId"]),
        wayOn: { href: `${basePath}/account`, label: message("account.open") },
      },
      403,
    );
  }

  /** From a page of another session: somebody else has signed in, in another tab, or the same person anew. */
  function refuseOutdated(ctx: Context, current: HeldSession, page: AccountPage): void {
    notices.leave(
      ctx,
      current.uid,
      message("account.outdated", { name: current.account.username }),
    );
    ctx.status = 303;
    ctx.redirect(basePath + ACCOUNT_PAGES[page].path);
  }

  return {
    toSignIn,

    signedIn: (handle) => async (ctx) => {
      const fields = await readForm(ctx);
      const page = parseAccountPage(fields["to"]);
      if (!isSameOrigin(ctx, origin)) return refuseForgery(ctx);
      const current = await browserAccounts.findCurrent(ctx);
      if (current === undefined) return toSignIn(ctx, page);
      const verdict = formGuard.check(ctx, formPurpose(current), fields["csrf_token"]);
      if (verdict !== "genuine") return refuseOutdated(ctx, current, page);
      return handle(ctx, { current, fields });
    },

    anybody: (handle) => async (ctx) => {
      const fields = await readForm(ctx);
      if (!isSameOrigin(ctx, origin)) return refuseForgery(ctx);
      const verdict = formGuard.check(ctx, SIGN_IN_FORM, fields["csrf_token"]);
      if (verdict === "genuine") return handle(ctx, fields);
      if (verdict === "forged") return refuseForgery(ctx);
      // Without cookies nobody can sign in: the page about them says how.
      ctx.status = 303;
      ctx.redirect(`${basePath}/cookies/probe`);
    },
  };
}

/** Of forms that are shown before anybody has signed in. */
export const SIGN_IN_FORM = "account-sign-in";
