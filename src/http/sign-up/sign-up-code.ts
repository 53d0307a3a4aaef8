import type { Context } from "koa";
import { normalizeIdentifier } from "../../accounts/account.js";
import { SIGN_UP_SECONDS, type ConfirmedSignUp } from "../../accounts/sign-up.js";
import { message } from "../../lib/message.js";
import type { CodeProblem } from "../form-limits.js";
import { languageOf } from "../language-of.js";
import type { SignUpDeps, SignUpState } from "./sign-up-deps.js";

/** The address is confirmed: by a code where the sign-up began, or by a link in any browser. */
export interface SignUpCode {
  show(ctx: Context, id: string, state: SignUpState): Promise<void>;
  submit(
    ctx: Context,
    form: { readonly id: string; readonly code: string },
    state: SignUpState,
  ): Promise<void>;
  resend(ctx: Context, id: string, state: SignUpState): Promise<void>;
  showLink(ctx: Context, token: string): Promise<void>;
  submitLink(ctx: Context, token: string): Promise<void>;
}

/** Of the form with the button that a link leads to. */
export const SIGN_UP_LINK_FORM = "sign-up-link";

/** What travelled with the code. */
interface Travelled {
  readonly state: SignUpState;
  readonly sealedRequest?: string;
}

export function createSignUpCode(deps: SignUpDeps): SignUpCode {
  const { signUp, formLimits, journeys, waysBack, formGuard, render, clock, basePath } = deps;

  const addressOf = ({ email }: SignUpState) => normalizeIdentifier(email);

  async function renderCode(
    ctx: Context,
    { id, state, problem }: { id: string; state: SignUpState; problem?: CodeProblem },
  ): Promise<void> {
    const path = journeys.pathOf(id);
    render(
      ctx,
      "enter-code",
      {
        heading: message("signup.code-heading"),
        sent: message("signup.code-sent", { email: state.email }),
        action: `${path}/code`,
        resendAction: `${path}/resend`,
        csrfToken: formGuard.issue(ctx, id),
        resendWait: await formLimits.findWait(ctx, "mail", addressOf(state)),
        isSentAgain: problem === undefined && ctx.query["sent"] === "again",
        error: problem?.error,
        isOfResend: problem?.isOfResend,
        ways: [
          { href: `${path}/address`, label: message("signup.other-address") },
          { href: `${path}/sign-in`, label: message("signup.have-account") },
        ],
      },
      problem?.status ?? 200,
    );
  }

  function tell(ctx: Context, outcome: "success" | "failure"): void {
    deps.audit({
      event: "sign_up.confirmed",
      outcome,
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
  }

  function goOn(ctx: Context, id: string, state: SignUpState): void {
    const confirmedUntilSeconds = clock.nowSeconds() + SIGN_UP_SECONDS;
    journeys.save(ctx, id, { ...state, confirmedUntilSeconds });
    ctx.status = 303;
    ctx.redirect(`${journeys.pathOf(id)}/account`);
  }

  function refuseLink(ctx: Context): void {
    render(
      ctx,
      "journey-ended",
      {
        heading: message("signup.link-ended-heading"),
        explanation: message("signup.link-ended"),
        ways: [
          { href: `${basePath}/sign-up`, label: message("signup.start-again") },
          { href: `${basePath}/account/sign-in`, label: message("common.sign-in") },
        ],
      },
      410,
    );
  }

  return {
    show: (ctx, id, state) => renderCode(ctx, { id, state }),

    async submit(ctx, { id, code }, state) {
      const attempt = await formLimits.begin(ctx, "code", { subject: id });
      if (!attempt.isAllowed) return renderCode(ctx, { id, state, problem: attempt });
      const confirmed = await signUp.confirm({ id, code });
      if (confirmed !== undefined) await attempt.succeeded();
      tell(ctx, confirmed === undefined ? "failure" : "success");
      // Wrong, used, expired, of another sign-up, of an address that is taken: nobody learns which.
      if (confirmed === undefined) {
        const error = message("signup.code-refused");
        return renderCode(ctx, { id, state, problem: { error, status: 422 } });
      }
      return goOn(ctx, id, travelled(confirmed).state);
    },

    async resend(ctx, id, state) {
      const attempt = await formLimits.begin(ctx, "mail", { subject: addressOf(state) });
      if (!attempt.isAllowed) {
        return renderCode(ctx, { id, state, problem: { ...attempt, isOfResend: true } });
      }
      const { sealedRequest } = waysBack.portable(ctx, state.wayBack);
      const data = { state, sealedRequest };
      await signUp.begin({ id, email: state.email, language: languageOf(ctx), data });
      ctx.status = 303;
      ctx.redirect(`${journeys.pathOf(id)}?sent=again`);
    },

    async showLink(ctx, token) {
      ctx.set("Referrer-Policy", "no-referrer");
      const confirmed = await signUp.find(token);
      if (confirmed === undefined) return refuseLink(ctx);
      const { email } = travelled(confirmed).state;
      render(ctx, "follow-link", {
        heading: message("signup.link-heading"),
        explanation: message("signup.link-explanation", { email }),
        action: `${basePath}/sign-up/link`,
        csrfToken: formGuard.issue(ctx, SIGN_UP_LINK_FORM),
        token,
        label: message("signup.link-confirm"),
      });
    },

    async submitLink(ctx, token) {
      const confirmed = await signUp.confirm({ token });
      tell(ctx, confirmed === undefined ? "failure" : "success");
      if (confirmed === undefined) return refuseLink(ctx);
      const { state, sealedRequest } = travelled(confirmed);
      waysBack.keepRequest(ctx, journeys.pathOf(confirmed.id), sealedRequest);
      return goOn(ctx, confirmed.id, state);
    },
  };
}

/** Written by `begin`, and sealed since. */
function travelled({ data }: ConfirmedSignUp): Travelled {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return data as unknown as Travelled;
}
