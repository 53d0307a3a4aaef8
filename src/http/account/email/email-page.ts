import type Router from "@koa/router";
import type { Context } from "koa";
import { isEmailAddress } from "../../../accounts/account-names.js";
import { normalizeIdentifier, type Account } from "../../../accounts/account.js";
import type { ChangeEmail } from "../../../accounts/change-email.js";
import { message } from "../../../lib/message.js";
import type { HeldSession } from "../../../oidc/browser-accounts.js";
import { languageOf } from "../../language-of.js";
import type { FormRefusal } from "../../too-many-attempts.js";
import type { AccountActs } from "../account-acts.js";
import type { AccountDeps, AccountForm } from "../account-deps.js";
import type { createFrame } from "../account-frame.js";
import type { AccountGuard } from "../guard.js";

export interface EmailPageDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly frame: ReturnType<typeof createFrame>;
  readonly acts: AccountActs;
  readonly changeEmail: ChangeEmail;
  /** Leads to where the code is typed that was sent to an address. */
  readonly leadToCode: (ctx: Context, current: HeldSession, email: string) => void;
}

/** `/account/email`: another address, or a code for the one that is not confirmed. */
export function addEmailPage(router: Router, deps: EmailPageDeps): void {
  const { browserAccounts, guard, frame, acts, changeEmail, render } = deps;

  router.get("/account/email", async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "security");
    if (!(await acts.requireFresh(ctx, current, "email"))) return;
    return show(ctx, current, "");
  });

  router.post("/account/email", guard.signedIn(begin));

  async function begin(ctx: Context, { current, fields }: AccountForm): Promise<void> {
    if (!(await acts.requireFresh(ctx, current, "email"))) return;
    const { account } = current;
    const email = (fields["email"] ?? "").trim();
    const problem = findProblem(email, account);
    if (problem !== undefined) {
      return show(ctx, current, email, { error: message(problem), status: 422 });
    }
    const attempt = await deps.formLimits.begin(ctx, "mail", { accountId: account.id });
    if (!attempt.isAllowed) return show(ctx, current, email, attempt);
    await changeEmail.begin({ account, email, language: languageOf(ctx) });
    deps.leadToCode(ctx, current, email);
  }

  // oxlint-disable-next-line max-params -- who, what they typed, and what is wrong with it
  async function show(ctx: Context, current: HeldSession, typed: string, problem?: FormRefusal) {
    const { email, emailVerified } = current.account;
    render(
      ctx,
      "account/email",
      {
        ...(await frame(ctx, current, { page: "security", heading: "email.title" })),
        current: email,
        isConfirmed: emailVerified,
        typed,
        problems: problem === undefined ? [] : [{ field: "email", text: problem.error }],
      },
      problem?.status ?? 200,
    );
  }
}

/** @returns the key of what is wrong with an address that an account is to have. */
function findProblem(email: string, account: Account): string | undefined {
  if (!isEmailAddress(email)) return "email.invalid";
  const isSame =
    account.email !== undefined &&
    normalizeIdentifier(account.email) === normalizeIdentifier(email);
  return isSame && account.emailVerified ? "email.same" : undefined;
}
