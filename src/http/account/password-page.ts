import type Router from "@koa/router";
import type { Context } from "koa";
import { InvalidAccountError } from "../../accounts/create-account.js";
import { message } from "../../lib/message.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import { tooManyAttempts } from "../too-many-attempts.js";
import type { AccountActs } from "./account-acts.js";
import type { AccountDeps, AccountForm } from "./account-deps.js";
import { ACCOUNT_PAGES, type createFrame } from "./account-frame.js";
import type { FieldProblem } from "./field-problem.js";
import type { AccountGuard } from "./guard.js";
import { noticeFacts } from "./notice-facts.js";
import type { Notices } from "./notice.js";

export interface PasswordPageDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly frame: ReturnType<typeof createFrame>;
  readonly acts: AccountActs;
  readonly notices: Notices;
}

interface Refusal {
  readonly problems: readonly FieldProblem[];
  readonly status: number;
}

/**
 * `/account/password`: changes the password by the present one, or sets the first one after a fresh
 * sign-in. The person stays signed in here and nowhere else (ASVS 5.0 6.2.3, 7.4.3).
 */
export function addPasswordPage(router: Router, deps: PasswordPageDeps): void {
  const { browserAccounts, guard, frame, acts, notices, render, audit, basePath } = deps;

  router.get("/account/password", async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "security");
    const hasPassword = await findsPassword(current);
    if (!hasPassword && !(await acts.requireFresh(ctx, current, "password"))) return;
    return show(ctx, current, hasPassword);
  });

  router.post("/account/password", guard.signedIn(change));

  async function change(ctx: Context, { current, fields }: AccountForm): Promise<void> {
    const hasPassword = await findsPassword(current);
    if (!hasPassword && !(await acts.requireFresh(ctx, current, "password"))) return;
    const refusal = hasPassword ? await prove(ctx, current, fields["password"] ?? "") : undefined;
    if (refusal !== undefined) return show(ctx, current, hasPassword, refusal);
    try {
      await deps.changePassword(current.account.id, fields["new-password"] ?? "", current.uid);
    } catch (err) {
      if (!(err instanceof InvalidAccountError)) throw err;
      const problems = err.problems.map((text) => ({ field: "new-password", text }));
      return show(ctx, current, hasPassword, { problems, status: 422 });
    }
    // What ended all sessions but this one made it unknown, too.
    deps.knownDevices.remember(ctx, current.account.id);
    await tell(ctx, current);
    notices.leave(ctx, current.uid, message("password.changed"));
    ctx.status = 303;
    ctx.redirect(basePath + ACCOUNT_PAGES.security.path);
  }

  async function findsPassword({ account }: HeldSession): Promise<boolean> {
    const record = await deps.accounts.findForSignIn(account.username);
    return record?.passwordHash !== undefined;
  }

  async function prove(
    ctx: Context,
    { account }: HeldSession,
    password: string,
  ): Promise<Refusal | undefined> {
    const from = deps.knownDevices.sourceOf(ctx);
    const result = await deps.provePassword({ identifier: account.username, password, from });
    if (result.outcome === "signed_in") return undefined;
    audit({ ...entryOf(ctx, account.id), outcome: "failure", reason: result.reason });
    const { retryAfterSeconds } = result;
    if (retryAfterSeconds === undefined) {
      return { problems: [{ field: "password", text: message("password.wrong") }], status: 422 };
    }
    const { error, status } = tooManyAttempts(ctx, retryAfterSeconds);
    return { problems: [{ field: "password", text: error }], status };
  }

  async function tell(ctx: Context, { account }: HeldSession): Promise<void> {
    audit({ ...entryOf(ctx, account.id), outcome: "success" });
    await deps.notify(account.id, "password_changed", noticeFacts(ctx));
  }

  // oxlint-disable-next-line max-params -- who, which form, and what was wrong with it
  async function show(
    ctx: Context,
    current: HeldSession,
    hasPassword: boolean,
    { problems, status }: Refusal = { problems: [], status: 200 },
  ): Promise<void> {
    const data = {
      ...(await frame(ctx, current, {
        page: "security",
        heading: hasPassword ? "password.change" : "password.set",
      })),
      hasPassword,
      username: current.account.username,
      minPasswordLength: deps.settings.passwordMinLength,
      problems,
    };
    render(ctx, "account/password", data, status);
  }
}

function entryOf(ctx: Context, accountId: string) {
  return {
    event: "account.changed",
    action: "set-password",
    by: "account",
    accountId,
    ip: ctx.ip,
    requestId: String(ctx.state["requestId"]),
  } as const;
}
