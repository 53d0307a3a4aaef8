/**
 * The second step of a sign-in: a code, or the app that codes come from. Owns what happens from the
 * page to the proof; where it belongs to, and what follows, is its caller's.
 */
import type { Account } from "../../accounts/account.js";
import type { CodeResult, SecondSteps } from "../../accounts/second-steps.js";
import { TooManyAttemptsError } from "../../accounts/too-many-attempts-error.js";
import type { Audit } from "../../lib/audit.js";
import { message, type Message } from "../../lib/message.js";
import type { Notify } from "../../mail/notify.js";
import { MULTI_FACTOR_ACR } from "../../oidc/authentication-context.js";
import type { Authentication } from "../../oidc/browser-accounts.js";
import type { Factors } from "../../oidc/next-step.js";
import { describeAccount } from "../describe-account.js";
import type { LimitAttempts } from "../limit-attempts.js";
import type { Renderer } from "../render.js";
import type { PendingSignIn, PendingSignIns } from "./pending-sign-in.js";
import type { SecondStepPage, ShowSecondStep } from "./show-second-step.js";

export interface SecondStepFlowDeps {
  readonly secondSteps: SecondSteps;
  readonly limitAttempts: LimitAttempts;
  readonly showSecondStep: ShowSecondStep;
  readonly pendingSignIns: Pick<PendingSignIns, "keep">;
  readonly findFactors: (id: Account["id"]) => Promise<Factors>;
  readonly render: Renderer["render"];
  readonly notify: Notify;
  readonly audit: Audit;
}

/** A sign-in between its two steps, at one of its pages. */
export interface SecondStepVisit {
  readonly pending: PendingSignIn;
  readonly page: SecondStepPage;
  readonly clientId: string | undefined;
  /** The page on which a passkey can be used. */
  readonly passkeyUrl: string;
  /** Goes on with who has proven all. */
  readonly finish: (proven: Authentication) => Promise<void>;
}

type Fields = Readonly<Record<string, string>>;

export type SecondStepFlow = ReturnType<typeof createSecondStepFlow>;

export function createSecondStepFlow(deps: SecondStepFlowDeps) {
  const { secondSteps, showSecondStep, pendingSignIns, findFactors, render, notify } = deps;

  async function renderCode(
    { page, passkeyUrl }: SecondStepVisit,
    { kind, error, status = 200 }: { kind: "app" | "recovery"; error?: Message; status?: number },
  ): Promise<void> {
    const { account, path } = page;
    const [step, has] = await Promise.all([secondSteps.find(account.id), findFactors(account.id)]);
    const { total = 0, used = 0 } = step?.recoveryCodes ?? {};
    render(
      page.ctx,
      "second-step/code",
      {
        action: path,
        csrfToken: page.csrfToken,
        sealedRequest: page.sealedRequest,
        kind,
        why: page.why,
        person: describeAccount(account),
        recoveryCodesLeft: total - used,
        otherKindUrl: kind === "app" ? `${path}?kind=recovery` : path,
        passkeyUrl: has.passkey ? passkeyUrl : undefined,
        otherAccountUrl: page.leaveUrl,
        error,
      },
      status,
    );
  }

  function renderPasskey({ page, passkeyUrl }: SecondStepVisit): void {
    const { why, account, leaveUrl: otherAccountUrl } = page;
    const person = describeAccount(account);
    render(page.ctx, "second-step/passkey", { why, person, passkeyUrl, otherAccountUrl });
  }

  async function verify({ page, clientId }: SecondStepVisit, code: string): Promise<CodeResult> {
    const accountId = page.account.id;
    try {
      const attempt = await deps.limitAttempts(page.ctx, "second_step", { accountId, clientId });
      const result = await secondSteps.verify(accountId, code);
      if (result.outcome === "verified") await attempt.succeeded();
      return result;
    } catch (err) {
      if (!(err instanceof TooManyAttemptsError)) throw err;
      const { retryAfterSeconds } = err;
      return { outcome: "refused", reason: "too_many", retryAfterSeconds };
    }
  }

  async function refuse(
    visit: SecondStepVisit,
    kind: "app" | "recovery",
    result: Extract<CodeResult, { outcome: "refused" }>,
  ): Promise<void> {
    tell(visit, { event: "second_step", reason: result.reason });
    if (result.reason !== "too_many") {
      const error = message(`second-step.wrong-${kind}`);
      return renderCode(visit, { kind, error, status: 422 });
    }
    const { retryAfterSeconds } = result;
    visit.page.ctx.set("Retry-After", String(retryAfterSeconds));
    const minutes = Math.ceil(retryAfterSeconds / 60);
    const error = message("second-step.too-many", { minutes });
    return renderCode(visit, { kind, error, status: 429 });
  }

  function tell(
    { page, clientId }: SecondStepVisit,
    entry: {
      readonly event: "second_step" | "second_step.set_up" | "recovery_code.used";
      readonly reason?: string;
      readonly by?: string;
    },
  ): void {
    deps.audit({
      ...entry,
      outcome: entry.reason === undefined ? "success" : "failure",
      accountId: page.account.id,
      clientId,
      ip: page.ctx.ip,
      requestId: String(page.ctx.state["requestId"]),
    });
  }

  function lead({ page }: SecondStepVisit, below: "" | "/set-up" | "/codes"): void {
    page.ctx.status = 303;
    page.ctx.redirect(page.path + below);
  }

  return {
    async showCode(visit: SecondStepVisit): Promise<void> {
      const { pending, page } = visit;
      if (pending.newCodes !== undefined) return lead(visit, "/codes");
      const has = await findFactors(page.account.id);
      // Removed in another tab.
      if (!has.authenticator && !has.passkey && pending.maySetUp) return lead(visit, "/set-up");
      if (!has.authenticator) return renderPasskey(visit);
      return renderCode(visit, { kind: kindOf(page.ctx.query["kind"]) });
    },

    async submitCode(visit: SecondStepVisit, fields: Fields): Promise<void> {
      const { account } = visit.page;
      const kind = kindOf(fields["kind"]);
      const result = await verify(visit, fields["code"] ?? "");
      if (result.outcome === "refused") return refuse(visit, kind, result);
      tell(visit, { event: "second_step", by: result.by });
      if (result.by === "recovery_code") {
        tell(visit, { event: "recovery_code.used" });
        await notify(account.id, "recovery_code_used");
      }
      return visit.finish(withCode(visit.pending.proven));
    },

    async showSetUp(visit: SecondStepVisit): Promise<void> {
      const has = await findFactors(visit.page.account.id);
      if (has.authenticator || !visit.pending.maySetUp) return lead(visit, "");
      showSecondStep.setUp(visit.page, { replaces: false });
    },

    async submitSetUp(visit: SecondStepVisit, fields: Fields): Promise<void> {
      const { page, pending } = visit;
      const { account } = page;
      const secret = showSecondStep.openSecret(account, fields["secret"] ?? "");
      if (secret === undefined || !pending.maySetUp) return lead(visit, "/set-up");
      const code = fields["code"] ?? "";
      const outcome = await secondSteps.confirm(account.id, { secret, code, replaces: false });
      // In another tab, or by another node.
      if (outcome === "taken") return lead(visit, "");
      if (outcome === "wrong_code") {
        const error = message("second-step.wrong-app");
        return showSecondStep.setUp(page, { replaces: false, secret, error });
      }
      tell(visit, { event: "second_step.set_up" });
      await notify(account.id, "second_step_on");
      const newCodes = await secondSteps.makeRecoveryCodes(account.id);
      pendingSignIns.keep(page.ctx, { ...pending, proven: withCode(pending.proven), newCodes });
      lead(visit, "/codes");
    },

    showCodes(visit: SecondStepVisit): void {
      const { newCodes } = visit.pending;
      if (newCodes === undefined) return lead(visit, "");
      showSecondStep.codes(visit.page, newCodes);
    },

    async submitCodes(visit: SecondStepVisit): Promise<void> {
      if (visit.pending.newCodes === undefined) return lead(visit, "");
      return visit.finish(visit.pending.proven);
    },
  };
}

/** RFC 8176 §2 has no name for a recovery code: it is a password that counts once, too. */
function withCode(proven: Authentication): Authentication {
  const amr = [...new Set([...proven.amr, "otp", "mfa"])];
  return { ...proven, acr: MULTI_FACTOR_ACR, amr };
}

function kindOf(value: unknown): "app" | "recovery" {
  return value === "recovery" ? "recovery" : "app";
}
