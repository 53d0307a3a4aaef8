import type Router from "@koa/router";
import type { Context } from "koa";
import { message } from "../../lib/message.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import type { AccountActs } from "../account/account-acts.js";
import type { AccountDeps, AccountForm } from "../account/account-deps.js";
import { ACCOUNT_PAGES, formPurpose } from "../account/account-frame.js";
import type { AccountGuard } from "../account/guard.js";
import { noticeFacts } from "../account/notice-facts.js";
import { createNewCodes } from "./new-codes.js";
import type { SecondStepPage } from "./show-second-step.js";

export interface OwnSecondStepDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly acts: AccountActs;
}

/** `/account/second-step`: the app and the recovery codes of whoever is signed in. */
export function addOwnSecondStep(router: Router, deps: OwnSecondStepDeps): void {
  const { browserAccounts, secondSteps, showSecondStep, guard, acts, formGuard, basePath } = deps;
  const path = "/account/second-step";
  const newCodes = createNewCodes(deps.browserSealer, basePath + path);

  router.use(path, async (ctx, next) => {
    if (deps.isOffered) await next();
    else ctx.status = 404;
  });

  router.get(
    `${path}/set-up`,
    signedIn(async (ctx, current) => {
      if (!(await acts.requireFresh(ctx, current, "second-step"))) return;
      const replaces = (await secondSteps.find(current.account.id)) !== undefined;
      showSecondStep.setUp(pageOf(ctx, current), { replaces });
    }),
  );

  router.post(
    `${path}/set-up`,
    guard.signedIn(async (ctx, form) => {
      if (await acts.requireFresh(ctx, form.current, "second-step")) await setUp(ctx, form);
    }),
  );

  router.get(
    `${path}/new-codes`,
    signedIn(async (ctx, current) => {
      if (!(await acts.requireFresh(ctx, current, "recovery-codes"))) return;
      const page = pageOf(ctx, current);
      deps.render(ctx, "second-step/new-codes", {
        action: `${page.path}/new-codes`,
        csrfToken: page.csrfToken,
        cancelUrl: page.leaveUrl,
      });
    }),
  );

  router.post(
    `${path}/new-codes`,
    guard.signedIn(async (ctx, { current }) => {
      if (await acts.requireFresh(ctx, current, "recovery-codes")) await makeCodes(ctx, current);
    }),
  );

  router.get(
    `${path}/codes`,
    signedIn((ctx, current) => {
      const codes = newCodes.find(ctx, current.uid);
      if (codes === undefined) return lead(ctx, ACCOUNT_PAGES.security.path);
      showSecondStep.codes(pageOf(ctx, current), codes);
    }),
  );

  router.post(
    `${path}/codes`,
    guard.signedIn(async (ctx) => {
      newCodes.drop(ctx);
      lead(ctx, ACCOUNT_PAGES.security.path);
    }),
  );

  function signedIn(show: (ctx: Context, current: HeldSession) => Promise<void> | void) {
    return async (ctx: Context): Promise<void> => {
      const current = await browserAccounts.findCurrent(ctx);
      if (current === undefined) return guard.toSignIn(ctx, "security");
      return show(ctx, current);
    };
  }

  async function setUp(ctx: Context, { current, fields }: AccountForm): Promise<void> {
    const { account } = current;
    const secret = showSecondStep.openSecret(account, fields["secret"] ?? "");
    if (secret === undefined) return lead(ctx, `${path}/set-up`);
    const before = await secondSteps.find(account.id);
    const replaces = before !== undefined;
    const code = fields["code"] ?? "";
    const outcome = await secondSteps.confirm(account.id, { secret, code, replaces });
    // Set up in another tab.
    if (outcome === "taken") return lead(ctx, ACCOUNT_PAGES.security.path);
    if (outcome === "wrong_code") {
      const error = message("second-step.wrong-app");
      return showSecondStep.setUp(pageOf(ctx, current), { replaces, secret, error });
    }
    tell(ctx, current, "second_step.set_up");
    await deps.notify(account.id, "second_step_on", noticeFacts(ctx));
    const hasCodes = (before?.recoveryCodes.total ?? 0) > 0;
    return hasCodes ? lead(ctx, ACCOUNT_PAGES.security.path) : makeCodes(ctx, current);
  }

  async function makeCodes(ctx: Context, current: HeldSession): Promise<void> {
    const codes = await secondSteps.makeRecoveryCodes(current.account.id);
    // Turned off in another tab.
    if (codes === undefined) return lead(ctx, ACCOUNT_PAGES.security.path);
    tell(ctx, current, "recovery_codes.made");
    await deps.notify(current.account.id, "recovery_codes_made", noticeFacts(ctx));
    newCodes.keep(ctx, current.uid, codes);
    lead(ctx, `${path}/codes`);
  }

  function pageOf(ctx: Context, current: HeldSession): SecondStepPage {
    return {
      ctx,
      account: current.account,
      path: basePath + path,
      csrfToken: formGuard.issue(ctx, formPurpose(current)),
      sealedRequest: "",
      why: undefined,
      leaveUrl: basePath + ACCOUNT_PAGES.security.path,
    };
  }

  function tell(
    ctx: Context,
    { account }: HeldSession,
    event: "second_step.set_up" | "recovery_codes.made",
  ): void {
    const requestId = String(ctx.state["requestId"]);
    deps.audit({ event, outcome: "success", accountId: account.id, ip: ctx.ip, requestId });
  }

  function lead(ctx: Context, to: string): void {
    ctx.status = 303;
    ctx.redirect(basePath + to);
  }
}
