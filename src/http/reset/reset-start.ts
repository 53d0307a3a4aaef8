import type { Context } from "koa";
import { normalizeIdentifier } from "../../accounts/account.js";
import { message } from "../../lib/message.js";
import { randomToken } from "../../lib/random-token.js";
import type { ActiveInteraction } from "../../oidc/interactions.js";
import type { InteractionForm } from "../interaction-deps.js";
import type { FormRefusal } from "../too-many-attempts.js";
import { languageOf } from "../language-of.js";
import type { ResetDeps, ResetState } from "./reset-deps.js";

/** The page that asks who has forgotten their password. Whatever is given, the next page is the same. */
export interface ResetStart {
  showAt(ctx: Context, interaction: ActiveInteraction): Promise<void>;
  submitAt(
    ctx: Context,
    form: InteractionForm,
    interaction: ActiveInteraction | undefined,
  ): Promise<void>;
  show(ctx: Context, to: string): Promise<void>;
  submit(ctx: Context, fields: Readonly<Record<string, string>>): Promise<void>;
}

/** Of the form at the account's own pages. */
export const RESET_FORM = "reset";
/** 128 bit. */
const ID_BYTES = 16;
/** Longer than any name or address; what is longer is nobody's. */
const MAX_IDENTIFIER_CHARACTERS = 256;

/** Where the page is: at an interaction or not. */
interface Place {
  readonly uid: string | undefined;
  readonly sealedRequest: string;
  readonly to: string;
}

export function createResetStart(deps: ResetDeps): ResetStart {
  const { resetPassword, journeys, waysBack, formGuard, render, basePath } = deps;

  /** Where another provider is the only way in, there is no password to forget. */
  async function isOff(ctx: Context, { uid }: Place): Promise<boolean> {
    if (!(await deps.listForSignIn()).some(({ only }) => only)) return false;
    ctx.status = 303;
    ctx.redirect(
      uid === undefined ? `${basePath}/account/sign-in` : `${basePath}/interaction/${uid}`,
    );
    return true;
  }

  async function renderStart(
    ctx: Context,
    place: Place,
    { identifier, problem }: { identifier: string; problem?: FormRefusal },
  ): Promise<void> {
    if (await isOff(ctx, place)) return;
    const { uid, ...fields } = place;
    const path = uid === undefined ? undefined : `${basePath}/interaction/${uid}`;
    render(
      ctx,
      "reset/start",
      {
        ...fields,
        action: path === undefined ? `${basePath}/reset` : `${path}/reset`,
        signInUrl:
          path === undefined ? `${basePath}/account/sign-in?to=${place.to}` : `${path}/sign-in`,
        csrfToken: formGuard.issue(ctx, uid ?? RESET_FORM),
        identifier,
        error: problem?.error,
      },
      problem?.status ?? 200,
    );
  }

  async function begin(ctx: Context, place: Place, typed: string): Promise<void> {
    const identifier = typed.trim().slice(0, MAX_IDENTIFIER_CHARACTERS);
    if (identifier === "") {
      const error = message("reset.identifier-missing");
      return renderStart(ctx, place, { identifier, problem: { error, status: 422 } });
    }
    if (await isOff(ctx, place)) return;
    const subject = normalizeIdentifier(identifier);
    const attempt = await deps.formLimits.begin(ctx, "mail", { subject });
    if (!attempt.isAllowed) return renderStart(ctx, place, { identifier, problem: attempt });
    const id = randomToken(ID_BYTES);
    const { uid, to, sealedRequest } = place;
    const wayBack = waysBack.begin(ctx, id, { ...(uid === undefined ? {} : { uid }), to });
    const of = await resetPassword.begin({
      identifier,
      language: languageOf(ctx),
      data: { id, wayBack, sealedRequest },
    });
    deps.audit({
      event: "password_reset.requested",
      outcome: "success",
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
    const state: ResetState = { identifier, subject: of, wayBack };
    journeys.save(ctx, id, state);
    waysBack.keepRequest(ctx, journeys.pathOf(id), sealedRequest);
    ctx.status = 303;
    ctx.redirect(journeys.pathOf(id));
  }

  return {
    async showAt(ctx, { uid, params, sealedRequest = "" }) {
      const hint = params["login_hint"];
      const identifier = typeof hint === "string" ? hint : "";
      return renderStart(ctx, { uid, sealedRequest, to: "" }, { identifier });
    },
    submitAt(ctx, { uid, fields }, interaction) {
      const sealedRequest = interaction?.sealedRequest ?? fields["sealed_request"] ?? "";
      return begin(ctx, { uid, sealedRequest, to: "" }, fields["identifier"] ?? "");
    },
    show: (ctx, to) =>
      renderStart(ctx, { uid: undefined, sealedRequest: "", to }, { identifier: "" }),
    submit: (ctx, fields) =>
      begin(
        ctx,
        { uid: undefined, sealedRequest: "", to: fields["to"] ?? "" },
        fields["identifier"] ?? "",
      ),
  };
}
