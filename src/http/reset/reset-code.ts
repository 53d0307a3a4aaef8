import type { Context } from "koa";
import { normalizeIdentifier } from "../../accounts/account.js";
import type { ConfirmedReset } from "../../accounts/reset-password.js";
import { message } from "../../lib/message.js";
import type { CodeProblem } from "../form-limits.js";
import { languageOf } from "../language-of.js";
import type { PortableWayBack } from "../way-back.js";
import type { ResetDeps, ResetState } from "./reset-deps.js";

/** Whoever reads the account's mail proves it: by a code where the reset began, or by a link anywhere. */
export interface ResetCode {
  show(ctx: Context, id: string, state: ResetState): Promise<void>;
  submit(
    ctx: Context,
    form: { readonly id: string; readonly code: string },
    state: ResetState,
  ): Promise<void>;
  resend(ctx: Context, id: string, state: ResetState): Promise<void>;
  showLink(ctx: Context, token: string): Promise<void>;
  submitLink(ctx: Context, token: string): Promise<void>;
  refuse(ctx: Context): void;
}

/** Of the form with the button that a link leads to. */
export const RESET_LINK_FORM = "reset-link";

/** What travelled with the code. */
interface Travelled {
  readonly id: string;
  readonly wayBack: PortableWayBack;
  readonly sealedRequest?: string;
}

export function createResetCode(deps: ResetDeps): ResetCode {
  const { resetPassword, formLimits, accounts, journeys, waysBack, formGuard, render, basePath } =
    deps;

  async function renderCode(
    ctx: Context,
    { id, state, problem }: { id: string; state: ResetState; problem?: CodeProblem },
  ): Promise<void> {
    const path = journeys.pathOf(id);
    const name = normalizeIdentifier(state.identifier);
    render(
      ctx,
      "enter-code",
      {
        heading: message("reset.code-heading"),
        sent: message("reset.code-sent", { identifier: state.identifier }),
        action: `${path}/code`,
        resendAction: `${path}/resend`,
        csrfToken: formGuard.issue(ctx, id),
        resendWait: await formLimits.findWait(ctx, "mail", name),
        isSentAgain: problem === undefined && ctx.query["sent"] === "again",
        error: problem?.error,
        isOfResend: problem?.isOfResend,
        ways: [{ href: `${path}/sign-in`, label: message("reset.back-to-sign-in") }],
      },
      problem?.status ?? 200,
    );
  }

  function tell(ctx: Context, confirmed: ConfirmedReset | undefined): void {
    deps.audit({
      event: "password_reset.confirmed",
      outcome: confirmed === undefined ? "failure" : "success",
      accountId: confirmed?.accountId,
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
  }

  function goOn(ctx: Context, id: string, state: ResetState): void {
    journeys.save(ctx, id, state);
    ctx.status = 303;
    ctx.redirect(`${journeys.pathOf(id)}/password`);
  }

  function refuse(ctx: Context): void {
    render(
      ctx,
      "journey-ended",
      {
        heading: message("reset.ended-heading"),
        explanation: message("reset.ended"),
        ways: [
          { href: `${basePath}/reset`, label: message("reset.start-again") },
          { href: `${basePath}/account/sign-in`, label: message("reset.back-to-sign-in") },
        ],
      },
      410,
    );
  }

  return {
    refuse,
    show: (ctx, id, state) => renderCode(ctx, { id, state }),

    async submit(ctx, { id, code }, state) {
      const { subject } = state;
      const attempt = await formLimits.begin(ctx, "code", { subject });
      if (!attempt.isAllowed) return renderCode(ctx, { id, state, problem: attempt });
      const confirmed = await resetPassword.confirm({ subject, code });
      if (confirmed !== undefined) await attempt.succeeded();
      tell(ctx, confirmed);
      // Wrong, used, expired, replaced, nobody's: nobody learns which.
      if (confirmed === undefined) {
        const error = message("reset.code-refused");
        return renderCode(ctx, { id, state, problem: { error, status: 422 } });
      }
      return goOn(ctx, id, { ...state, proof: confirmed.proof });
    },

    async resend(ctx, id, state) {
      const { sealedRequest } = waysBack.portable(ctx, state.wayBack);
      const { identifier, wayBack } = state;
      const name = normalizeIdentifier(identifier);
      const attempt = await formLimits.begin(ctx, "mail", { subject: name });
      if (!attempt.isAllowed) {
        return renderCode(ctx, { id, state, problem: { ...attempt, isOfResend: true } });
      }
      const subject = await resetPassword.begin({
        identifier,
        language: languageOf(ctx),
        data: { id, wayBack, sealedRequest },
      });
      journeys.save(ctx, id, { ...state, subject });
      ctx.status = 303;
      ctx.redirect(`${journeys.pathOf(id)}?sent=again`);
    },

    async showLink(ctx, token) {
      ctx.set("Referrer-Policy", "no-referrer");
      const account = await resetPassword.find(token);
      if (account === undefined) return refuse(ctx);
      render(ctx, "follow-link", {
        heading: message("reset.link-heading"),
        explanation: message("reset.link-explanation", { username: account.username }),
        action: `${basePath}/reset/link`,
        csrfToken: formGuard.issue(ctx, RESET_LINK_FORM),
        token,
        label: message("reset.link-confirm"),
      });
    },

    async submitLink(ctx, token) {
      const confirmed = await resetPassword.confirm({ token });
      tell(ctx, confirmed);
      const account =
        confirmed === undefined ? undefined : await accounts.find(confirmed.accountId);
      if (confirmed === undefined || account === undefined) return refuse(ctx);
      const { id, wayBack, sealedRequest } = travelled(confirmed);
      waysBack.keepRequest(ctx, journeys.pathOf(id), sealedRequest);
      const { accountId: subject, proof } = confirmed;
      return goOn(ctx, id, { identifier: account.username, subject, wayBack, proof });
    },
  };
}

/** Written by `begin`, and sealed since. */
function travelled({ data }: ConfirmedReset): Travelled {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return data as unknown as Travelled;
}
