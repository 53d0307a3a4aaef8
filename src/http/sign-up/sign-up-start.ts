import type { Context } from "koa";
import { normalizeIdentifier } from "../../accounts/account.js";
import { isEmailAddress } from "../../accounts/account-names.js";
import { message } from "../../lib/message.js";
import { randomToken } from "../../lib/random-token.js";
import { clientName } from "../../oidc/client-name.js";
import type { ActiveInteraction } from "../../oidc/interactions.js";
import type { InteractionForm } from "../interaction-deps.js";
import { languageOf } from "../language-of.js";
import { redirectUri, returnHost } from "../return-address.js";
import type { FormRefusal } from "../too-many-attempts.js";
import { allowFormReturn } from "../security-headers.js";
import type { SignUpDeps, SignUpState } from "./sign-up-deps.js";
import type { FieldProblem } from "../account/field-problem.js";

/** The page that asks for an address. Whatever is given, the next page is the same. */
export interface SignUpStart {
  /** @returns false, with nothing answered, where nobody can sign up. */
  showAt(ctx: Context, interaction: ActiveInteraction): Promise<boolean>;
  submitAt(
    ctx: Context,
    form: InteractionForm,
    interaction: ActiveInteraction | undefined,
  ): Promise<void>;
  show(ctx: Context, to: string): Promise<void>;
  submit(ctx: Context, fields: Readonly<Record<string, string>>): Promise<void>;
}

/** Of the form at the account's own pages. */
export const SIGN_UP_FORM = "sign-up";
/** 128 bit. */
const ID_BYTES = 16;

/** Where the page is: at an interaction or not. */
interface Place {
  readonly uid: string | undefined;
  readonly sealedRequest: string;
  readonly to: string;
  readonly clientName: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

interface Typed {
  readonly email: string;
  readonly isAccepted: boolean;
}

interface Shown extends Typed {
  readonly problems?: readonly FieldProblem[];
  readonly status?: number;
}

export function createSignUpStart(deps: SignUpDeps): SignUpStart {
  const { signUp, formLimits, journeys, waysBack, formGuard, render, terms, clock, basePath } =
    deps;

  function renderStart(
    ctx: Context,
    { uid, params, ...place }: Place,
    { problems = [], status = 200, ...typed }: Shown,
  ): void {
    if (uid !== undefined) allowFormReturn(ctx, redirectUri(params));
    const path = uid === undefined ? undefined : `${basePath}/interaction/${uid}`;
    render(
      ctx,
      "sign-up/start",
      {
        action: path === undefined ? `${basePath}/sign-up` : `${path}/sign-up`,
        cancelAction: path === undefined ? undefined : `${path}/cancel`,
        signInUrl:
          path === undefined ? `${basePath}/account/sign-in?to=${place.to}` : `${path}/sign-in`,
        csrfToken: formGuard.issue(ctx, uid ?? SIGN_UP_FORM),
        returnHost: returnHost(params),
        ...place,
        ...typed,
        termsUrl: terms?.url,
        problems,
      },
      status,
    );
  }

  function findProblems({ email, isAccepted }: Typed): FieldProblem[] {
    const problems: FieldProblem[] = [];
    if (email === "") problems.push({ field: "email", text: message("signup.email-missing") });
    else if (!isEmailAddress(email)) {
      problems.push({ field: "email", text: message("signup.email-invalid") });
    }
    if (terms !== undefined && !isAccepted) {
      problems.push({ field: "terms", text: message("signup.terms-missing") });
    }
    return problems;
  }

  async function findRefusal(ctx: Context, { email }: Typed): Promise<FormRefusal | undefined> {
    const signUps = await formLimits.begin(ctx, "sign_up");
    if (!signUps.isAllowed) return signUps;
    const mails = await formLimits.begin(ctx, "mail", { subject: normalizeIdentifier(email) });
    return mails.isAllowed ? undefined : mails;
  }

  async function begin(
    ctx: Context,
    place: Place,
    fields: Readonly<Record<string, string>>,
  ): Promise<void> {
    const typed = { email: (fields["email"] ?? "").trim(), isAccepted: fields["terms"] === "yes" };
    if (await isOff()) {
      ctx.status = 303;
      return ctx.redirect(
        place.uid === undefined
          ? `${basePath}/account/sign-in`
          : `${basePath}/interaction/${place.uid}`,
      );
    }
    const problems = findProblems(typed);
    if (problems.length > 0) {
      return renderStart(ctx, place, { ...typed, problems, status: 422 });
    }
    const refusal = await findRefusal(ctx, typed);
    if (refusal !== undefined) {
      const { error: text, status } = refusal;
      return renderStart(ctx, place, { ...typed, problems: [{ field: "email", text }], status });
    }
    const id = randomToken(ID_BYTES);
    const { uid, to, sealedRequest } = place;
    const wayBack = waysBack.begin(ctx, id, { ...(uid === undefined ? {} : { uid }), to });
    const acceptedAtSeconds = clock.nowSeconds();
    const state: SignUpState = {
      email: typed.email,
      terms: terms === undefined ? undefined : { version: terms.version, acceptedAtSeconds },
      wayBack,
    };
    await signUp.begin({
      id,
      email: typed.email,
      language: languageOf(ctx),
      data: { state, sealedRequest },
    });
    deps.audit({
      event: "sign_up.requested",
      outcome: "success",
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
    journeys.save(ctx, id, state);
    waysBack.keepRequest(ctx, journeys.pathOf(id), sealedRequest);
    ctx.status = 303;
    ctx.redirect(journeys.pathOf(id));
  }

  /** Where another provider is the only way in, accounts are made by coming from there. */
  async function isOff(): Promise<boolean> {
    return (await deps.listForSignIn()).some(({ only }) => only);
  }

  return {
    async showAt(ctx, { uid, client, params, sealedRequest = "" }) {
      if (await isOff()) return false;
      const hint = params["login_hint"];
      const email = typeof hint === "string" && hint.includes("@") ? hint : "";
      const place = { uid, sealedRequest, to: "", clientName: clientName(client), params };
      renderStart(ctx, place, { email, isAccepted: false });
      return true;
    },

    async submitAt(ctx, { uid, fields, sealed }, interaction) {
      const params = interaction?.params ?? sealed?.params ?? {};
      const client = interaction?.client;
      const sealedRequest = interaction?.sealedRequest ?? fields["sealed_request"] ?? "";
      const place = {
        uid,
        sealedRequest,
        to: "",
        params,
        clientName: client && clientName(client),
      };
      return begin(ctx, place, fields);
    },

    async show(ctx, to) {
      if (await isOff()) {
        ctx.status = 303;
        return ctx.redirect(`${basePath}/account/sign-in`);
      }
      const place = { uid: undefined, sealedRequest: "", to, clientName: undefined, params: {} };
      renderStart(ctx, place, { email: "", isAccepted: false });
    },

    submit: (ctx, fields) =>
      begin(
        ctx,
        {
          uid: undefined,
          sealedRequest: "",
          to: fields["to"] ?? "",
          clientName: undefined,
          params: {},
        },
        fields,
      ),
  };
}
