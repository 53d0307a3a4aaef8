import type Router from "@koa/router";
import type { Context } from "koa";
import type { AccountDeps } from "../account/account-deps.js";
import type { AccountActs } from "../account/account-acts.js";
import { ACCOUNT_PAGES } from "../account/account-frame.js";
import { SIGN_IN_FORM, type AccountGuard } from "../account/guard.js";
import { addSecondStepRoutes } from "./add-second-step-routes.js";
import { describeDemand } from "./describe-demand.js";
import type { PendingSignIn } from "./pending-sign-in.js";
import type { SecondStepVisit } from "./second-step-flow.js";

export interface AccountSecondStepDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly acts: AccountActs;
}

/** `/account/sign-in/second-step`: into the account itself, or on with what takes a fresh sign-in. */
export function addAccountSecondStep(router: Router, deps: AccountSecondStepDeps): void {
  const { browserAccounts, accounts, pendingSignIns, signInHub } = deps;
  const { guard, acts, formGuard, basePath } = deps;
  const at = { uid: undefined };

  /** Answers by itself, with undefined, when there is no second step to take (any more). */
  async function findVisit(ctx: Context): Promise<SecondStepVisit | undefined> {
    const pending = pendingSignIns.find(ctx, at);
    const account =
      pending === undefined ? undefined : await accounts.find(pending.proven.accountId);
    if (pending === undefined || account?.disabled !== false) {
      guard.toSignIn(ctx, "security");
      return undefined;
    }
    const path = `${basePath}/account/sign-in`;
    return {
      pending,
      page: {
        ctx,
        account,
        path: `${path}/second-step`,
        csrfToken: formGuard.issue(ctx, SIGN_IN_FORM),
        sealedRequest: "",
        why: describeDemand(deps.ownDemand, undefined),
        leaveUrl: pending.place.kind === "confirm" ? `${basePath}/account` : path,
      },
      clientId: undefined,
      passkeyUrl: path,
      finish: (proven) => finish(ctx, pending, proven),
    };
  }

  async function finish(
    ctx: Context,
    { place }: PendingSignIn,
    proven: PendingSignIn["proven"],
  ): Promise<void> {
    pendingSignIns.drop(ctx, at);
    if (place.kind === "interaction") return lead(ctx, ACCOUNT_PAGES.security.path);
    if (place.kind === "account") {
      const goOn = () => lead(ctx, place.path);
      return signInHub.completeAccountSignIn(ctx, { place, goOn }, proven);
    }
    const current = await browserAccounts.findCurrent(ctx);
    const act = current === undefined ? undefined : acts.openAct(place.act, current);
    // Somebody else has signed in meanwhile, or it took too long.
    if (current?.account.id !== proven.accountId || act === undefined) {
      return lead(ctx, ACCOUNT_PAGES.security.path);
    }
    const goOn = () => acts.perform(ctx, act, current);
    return signInHub.completeAccountSignIn(ctx, { place, goOn }, proven);
  }

  function lead(ctx: Context, path: string): void {
    ctx.status = 303;
    ctx.redirect(basePath + path);
  }

  addSecondStepRoutes(router, "/account/sign-in/second-step", {
    flow: deps.secondStepFlow,
    shown: (show) => async (ctx) => {
      const visit = await findVisit(ctx);
      if (visit !== undefined) await show(visit);
    },
    posted: (take) =>
      guard.anybody(async (ctx, fields) => {
        const visit = await findVisit(ctx);
        if (visit !== undefined) await take(visit, fields);
      }),
  });
}
