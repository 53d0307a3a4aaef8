import type { Context } from "koa";
import { message, type Message } from "../../lib/message.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import type { AccountDeps } from "./account-deps.js";
import { noticeFacts } from "./notice-facts.js";

/** Turns the second step off, with its recovery codes. */
export type SecondStepAct = { readonly kind: "remove-second-step" };

export function isSecondStepAct(act: { readonly kind: string }): act is SecondStepAct {
  return act.kind === "remove-second-step";
}

type SecondStepActsDeps = Pick<AccountDeps, "secondSteps" | "ownDemand" | "notify" | "audit">;

export function createSecondStepActs(deps: SecondStepActsDeps) {
  const { secondSteps, ownDemand, notify, audit } = deps;
  return {
    describe: () => message("second-step.act-remove"),

    async perform({ account }: HeldSession, ctx: Context): Promise<Message> {
      if (ownDemand.secondStep !== undefined) return message("second-step.required-here");
      if (!(await secondSteps.remove(account.id))) return message("second-step.removed-already");
      audit({
        event: "second_step.removed",
        outcome: "success",
        accountId: account.id,
        by: "account",
        ip: ctx.ip,
        requestId: String(ctx.state["requestId"]),
      });
      await notify(account.id, "second_step_off", noticeFacts(ctx));
      return message("second-step.removed");
    },
  };
}
