import type { Context } from "koa";
import { InvalidAccountError } from "../../accounts/create-account.js";
import { toAccountId } from "../../accounts/account.js";
import type { FieldProblem } from "../account/field-problem.js";
import type { ResetDeps, ResetState } from "./reset-deps.js";

/** The new password is chosen; then its owner signs in with it, second step and all. */
export interface ResetNewPassword {
  show(ctx: Context, id: string, state: ResetState): Promise<void>;
  submit(
    ctx: Context,
    form: { readonly id: string; readonly password: string },
    state: ResetState,
  ): Promise<void>;
  showDone(ctx: Context, id: string, state: ResetState): Promise<void>;
}

export function createResetNewPassword(
  deps: ResetDeps & { readonly refuse: (ctx: Context) => void },
): ResetNewPassword {
  const { resetPassword, accounts, journeys, waysBack, formGuard, render, refuse } = deps;

  async function renderForm(
    ctx: Context,
    id: string,
    { state, problems = [] }: { state: ResetState; problems?: readonly FieldProblem[] },
  ): Promise<void> {
    const account = await accounts.find(toAccountId(state.subject));
    if (account === undefined) return refuse(ctx);
    render(
      ctx,
      "reset/password",
      {
        action: `${journeys.pathOf(id)}/password`,
        csrfToken: formGuard.issue(ctx, id),
        username: account.username,
        minPasswordLength: deps.minPasswordLength,
        problems,
      },
      problems.length === 0 ? 200 : 422,
    );
  }

  return {
    show: (ctx, id, state) => renderForm(ctx, id, { state }),

    async submit(ctx, { id, password }, state) {
      const finished = await resetPassword.finish({ proof: state.proof ?? "" }, password);
      const isSet = finished.outcome === "set";
      deps.audit({
        event: "password.reset",
        outcome: isSet ? "success" : "failure",
        accountId: state.subject,
        ip: ctx.ip,
        requestId: String(ctx.state["requestId"]),
      });
      if (finished.outcome === "gone") return refuse(ctx);
      if (finished.outcome === "set") {
        // Whoever guesses at the account meanwhile does not hold up its owner here.
        deps.knownDevices.remember(ctx, finished.account.id);
        journeys.save(ctx, id, { ...state, proof: undefined, isDone: true });
        ctx.status = 303;
        return ctx.redirect(journeys.pathOf(id));
      }
      const { error, proof } = finished;
      journeys.save(ctx, id, { ...state, proof });
      if (!(error instanceof InvalidAccountError)) throw error;
      const problems = error.problems.map((text) => ({ field: "password", text }));
      return renderForm(ctx, id, { state, problems });
    },

    async showDone(ctx, id, { wayBack }) {
      const { clientName, isHere } = await waysBack.know(ctx, id, wayBack);
      render(ctx, "reset/done", {
        clientName: isHere ? clientName : undefined,
        signInUrl: `${journeys.pathOf(id)}/sign-in`,
      });
    },
  };
}
