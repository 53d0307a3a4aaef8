import type Router from "@koa/router";
import { message } from "../../lib/message.js";
import { describeAccount } from "../describe-account.js";
import type { AccountDeps } from "./account-deps.js";
import { ACCOUNT_PAGES, formPurpose } from "./account-frame.js";
import type { AccountGuard } from "./guard.js";
import { addKeepLink } from "./keep-link.js";
import { LEAVING_PATH } from "./leaving.js";
import type { Notices } from "./notice.js";

export interface DeletionPagesDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly notices: Notices;
}

/** Whose notice what was asked for is: no session's, since it has ended. */
export const DELETION_NOTE = "deletion";

/** What somebody sees whose account is to be deleted, and how they keep it. */
export function addDeletionPages(router: Router, deps: DeletionPagesDeps): void {
  const { browserAccounts, formGuard, guard, notices, render, basePath } = deps;
  const base = `${basePath}/account`;

  router.get(LEAVING_PATH, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    const dueAtSeconds = current?.account.deletionDueAtSeconds;
    if (current === undefined || dueAtSeconds === undefined) {
      ctx.status = 303;
      return ctx.redirect(base);
    }
    return render(ctx, "account/leaving", {
      base,
      csrfToken: formGuard.issue(ctx, formPurpose(current)),
      person: describeAccount(current.account),
      due: message("deletion.due", { date: { atSeconds: dueAtSeconds, show: "date-time" } }),
    });
  });

  router.post(
    `${LEAVING_PATH}/keep`,
    guard.signedIn(async (ctx, { current }) => {
      const isKept = await deps.deleteAccount.keep(current.account.id, "account");
      if (isKept) notices.leave(ctx, current.uid, message("deletion.kept"));
      ctx.status = 303;
      ctx.redirect(basePath + (isKept ? ACCOUNT_PAGES.security.path : LEAVING_PATH));
    }),
  );

  router.get(`${LEAVING_PATH}/requested`, (ctx) => {
    const told = notices.take(ctx, DELETION_NOTE);
    if (told === undefined) {
      ctx.status = 303;
      return ctx.redirect(base);
    }
    return render(ctx, "account/deletion-requested", { told, accountUrl: base });
  });

  const { keepByLink } = deps;
  if (keepByLink !== undefined) addKeepLink(router, { ...deps, keepByLink });
}
