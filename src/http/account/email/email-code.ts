import type Router from "@koa/router";
import type { Context } from "koa";
import type { ChangeEmail, ConfirmedEmail } from "../../../accounts/change-email.js";
import { message } from "../../../lib/message.js";
import type { HeldSession } from "../../../oidc/browser-accounts.js";
import type { CodeProblem } from "../../form-limits.js";
import { languageOf } from "../../language-of.js";
import type { AccountDeps, AccountForm } from "../account-deps.js";
import { ACCOUNT_PAGES, formPurpose } from "../account-frame.js";
import type { AccountGuard } from "../guard.js";
import type { Notices } from "../notice.js";
import { auditEmail } from "./audit-email.js";

export interface EmailCodeDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly notices: Notices;
  readonly changeEmail: ChangeEmail;
}

/** Leads to the page below. */
export type LeadToCode = (ctx: Context, current: HeldSession, email: string) => void;

/** `/account/email/code`: the code that was sent to an address, typed where it was asked for. */
export function addEmailCode(router: Router, deps: EmailCodeDeps): LeadToCode {
  const { browserAccounts, guard, notices, changeEmail, formLimits, formGuard, render } = deps;
  const { basePath } = deps;
  const path = `${basePath}/account/email/code`;
  const contextOf = ({ uid }: HeldSession) => `account-email:${uid}`;

  router.get("/account/email/code", async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "security");
    return show(ctx, current);
  });

  // Where another code was refused: Enter in the address bar, or a link to another language.
  router.get("/account/email/resend", (ctx) => {
    ctx.status = 303;
    ctx.redirect(path + ctx.search);
  });

  router.post("/account/email/code", guard.signedIn(confirm));
  router.post("/account/email/resend", guard.signedIn(resend));

  async function confirm(ctx: Context, { current, fields }: AccountForm): Promise<void> {
    const { id: accountId } = current.account;
    const subject = `email.${accountId}`;
    const attempt = await formLimits.begin(ctx, "code", { subject, accountId });
    if (!attempt.isAllowed) return show(ctx, current, attempt);
    const confirmed = await changeEmail.confirm({ accountId, code: fields["code"] ?? "" });
    auditEmail(deps.audit, ctx, { accountId, confirmed });
    // Wrong, used, expired, replaced, of an address that somebody else has: nobody learns which.
    if (confirmed === undefined) {
      return show(ctx, current, { error: message("email.code-refused"), status: 422 });
    }
    return finish(ctx, current, confirmed);
  }

  async function resend(ctx: Context, { current }: AccountForm): Promise<void> {
    const email = pendingOf(ctx, current);
    if (email === undefined) return lead(ctx);
    const { account } = current;
    const attempt = await formLimits.begin(ctx, "mail", { accountId: account.id });
    if (!attempt.isAllowed) return show(ctx, current, { ...attempt, isOfResend: true });
    await changeEmail.begin({ account, email, language: languageOf(ctx) });
    ctx.status = 303;
    ctx.redirect(`${withPending(path, current, email)}&sent=again`);
  }

  function finish(ctx: Context, current: HeldSession, { email }: ConfirmedEmail): void {
    notices.leave(ctx, current.uid, message("email.confirmed", { email }));
    ctx.status = 303;
    ctx.redirect(basePath + ACCOUNT_PAGES.security.path);
  }

  async function show(ctx: Context, current: HeldSession, problem?: CodeProblem): Promise<void> {
    const email = pendingOf(ctx, current);
    if (email === undefined) return lead(ctx);
    render(
      ctx,
      "enter-code",
      {
        heading: message("email.code-heading"),
        sent: message("email.code-sent", { email }),
        action: withPending(path, current, email),
        resendAction: withPending(`${basePath}/account/email/resend`, current, email),
        csrfToken: formGuard.issue(ctx, formPurpose(current)),
        resendWait: await formLimits.findWait(ctx, "mail", current.account.id),
        isSentAgain: problem === undefined && ctx.query["sent"] === "again",
        error: problem?.error,
        isOfResend: problem?.isOfResend,
        ways: [
          { href: `${basePath}/account/email`, label: message("email.other-address") },
          { href: basePath + ACCOUNT_PAGES.security.path, label: message("email.back") },
        ],
      },
      problem?.status ?? 200,
    );
  }

  function lead(ctx: Context): void {
    ctx.status = 303;
    ctx.redirect(`${basePath}/account/email`);
  }

  /** The address is in the page's own, sealed for this session: no link can make it name another. */
  function withPending(page: string, current: HeldSession, email: string): string {
    return `${page}?to=${deps.browserSealer.seal(email, contextOf(current))}`;
  }

  function pendingOf(ctx: Context, current: HeldSession): string | undefined {
    const { to } = ctx.query;
    return typeof to === "string" ? deps.browserSealer.open(to, contextOf(current)) : undefined;
  }

  return (ctx, current, email) => {
    ctx.status = 303;
    ctx.redirect(withPending(path, current, email));
  };
}
