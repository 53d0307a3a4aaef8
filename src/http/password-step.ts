import type { Context } from "koa";
import { message, type Message } from "../lib/message.js";
import { accountIdOf, type SignInResult } from "../accounts/sign-in.js";
import { PASSWORD_ACR } from "../oidc/authentication-context.js";
import type { Authentication } from "../oidc/browser-accounts.js";
import type { ActiveInteraction } from "../oidc/interactions.js";
import type { SealedRequest } from "../oidc/sealed-request.js";
import { clientName } from "../oidc/client-name.js";
import { KEEP_VALUE } from "./keep-signed-in.js";
import type { EndedInteraction } from "./ended-interaction.js";
import { readLastProvider, rememberLastProvider } from "./federation/last-provider-cookie.js";
import { findWaysIn, type WaysIn } from "./federation/ways-in.js";
import type { InteractionForm, InteractionRoutesDeps } from "./interaction-deps.js";
import type { PasskeyProblem } from "./passkeys/passkey-prompt.js";
import { signInPurpose } from "./passkeys/sign-in-purpose.js";
import { redirectUri, returnHost } from "./return-address.js";
import { allowFormReturn } from "./security-headers.js";
import { passwordRefusal, type FormRefusal } from "./too-many-attempts.js";
import { requestOf } from "./sign-in-hub.js";
import { clientLogoUrl } from "./client-logos.js";

export interface PasswordStep {
  /** `isAskedFor`: the person wants to choose, so that no provider is chosen for them. */
  show(
    ctx: Context,
    interaction: ActiveInteraction,
    options?: { readonly isAskedFor?: boolean },
  ): Promise<void>;
  submit(ctx: Context, form: InteractionForm): Promise<void>;
  /** After something on the page was refused, with what was typed. */
  // oxlint-disable-next-line max-params -- reads as "show this form of that request again, with this problem"
  showAgain(
    ctx: Context,
    form: InteractionForm,
    request: SealedRequest,
    problem: FormRefusal | PasskeyProblem,
  ): Promise<void>;
}

/** The same words for every reason, so that nobody learns which accounts exist. */
const REFUSED = message("login.refused");

export function createPasswordStep(
  {
    interactions,
    browserAccounts,
    signInHub,
    signUpStart,
    resetStart,
    signIn,
    knownDevices,
    formGuard,
    render,
    audit,
    basePath,
    listForSignIn,
    passkeyCeremonies,
    findAccentUrl,
  }: InteractionRoutesDeps,
  ended: EndedInteraction,
): PasswordStep {
  interface LoginPage extends Partial<FormRefusal>, Partial<PasskeyProblem> {
    readonly uid: string;
    readonly clientName: string | Message;
    readonly logoUrl: string | undefined;
    readonly accentUrl: string | undefined;
    readonly params: Readonly<Record<string, unknown>>;
    readonly sealedRequest: string;
    readonly identifier: string;
    readonly keep: boolean;
  }

  async function findWays(
    ctx: Context,
    { uid, params }: Pick<LoginPage, "uid" | "params">,
  ): Promise<WaysIn> {
    const path = `${basePath}/interaction/${uid}/upstream`;
    const choices = await listForSignIn();
    return findWaysIn({ choices, params, last: readLastProvider(ctx), path });
  }

  async function renderLogin(ctx: Context, page: LoginPage, ways: WaysIn): Promise<void> {
    allowFormReturn(ctx, redirectUri(page.params));
    const path = `${basePath}/interaction/${page.uid}`;
    const asked = { purpose: signInPurpose(page.uid), action: `${path}/passkey` };
    const passkey = await passkeyCeremonies.askForSignIn(ctx, asked);
    render(
      ctx,
      "login",
      {
        action: `${path}/login`,
        cancelAction: `${path}/cancel`,
        csrfToken: formGuard.issue(ctx, page.uid),
        sealedRequest: page.sealedRequest,
        clientName: page.clientName,
        logoUrl: page.logoUrl,
        accentUrl: page.accentUrl,
        returnHost: returnHost(page.params),
        identifier: page.identifier,
        keep: page.keep,
        error: page.error,
        passkey: passkey && { ...passkey, unknown: page.unknown },
        passkeyError: page.passkeyError,
        ...ways,
        signUpUrl: ways.password && signUpStart !== undefined ? `${path}/sign-up` : undefined,
        resetUrl: ways.password && resetStart !== undefined ? `${path}/reset` : undefined,
      },
      page.status ?? 200,
    );
  }

  async function submit(ctx: Context, form: InteractionForm): Promise<void> {
    const interaction = await interactions.find(ctx, form.uid);
    if (interaction?.prompt === "consent") {
      ctx.status = 303;
      return ctx.redirect(`${basePath}/interaction/${form.uid}`);
    }
    const request = interaction === undefined ? form.sealed : requestOf(interaction);
    if (request === undefined) return ended.show(ctx, form.uid);

    const authentication = await takePassword(ctx, form, request);
    if (authentication === undefined) return;
    rememberLastProvider(ctx, undefined);
    return signInHub.completeSignIn(ctx, { uid: form.uid, interaction, request }, authentication);
  }

  /** Answers by itself, with undefined, when nobody is signed in. */
  async function takePassword(
    ctx: Context,
    form: InteractionForm,
    request: SealedRequest,
  ): Promise<Authentication | undefined> {
    const { identifier = "", password = "" } = form.fields;
    const result = await signIn({ identifier, password, from: knownDevices.sourceOf(ctx) });
    tellSignIn(ctx, request.clientId, result);
    if (result.outcome === "signed_in") {
      const keep = form.fields["keep"] === KEEP_VALUE;
      const { account, amr, signedInAtSeconds } = result;
      return { accountId: account.id, acr: PASSWORD_ACR, amr, keep, signedInAtSeconds };
    }
    if (result.reason === "passwords_off") {
      ctx.status = 303;
      ctx.redirect(`${basePath}/interaction/${form.uid}`);
    } else {
      await showAgain(ctx, form, request, passwordRefusal(ctx, result, REFUSED));
    }
    return undefined;
  }

  // oxlint-disable-next-line max-params -- one page of one request
  async function showAgain(
    ctx: Context,
    { uid, fields }: InteractionForm,
    { clientId, params }: SealedRequest,
    problem: FormRefusal | PasskeyProblem,
  ): Promise<void> {
    const client = await interactions.findClient(clientId);
    const page = {
      uid,
      clientName: clientName(client),
      logoUrl: clientLogoUrl(client, basePath),
      accentUrl: await findAccentUrl(clientId),
      params,
      sealedRequest: fields["sealed_request"] ?? "",
      identifier: fields["identifier"] ?? "",
      keep: fields["keep"] === KEEP_VALUE,
      ...problem,
    };
    return renderLogin(ctx, page, await findWays(ctx, page));
  }

  function tellSignIn(ctx: Context, clientId: string | undefined, result: SignInResult): void {
    const refused = result.outcome === "refused";
    audit({
      event: "sign_in",
      outcome: refused ? "failure" : "success",
      reason: refused ? result.reason : undefined,
      accountId: accountIdOf(result),
      clientId,
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
  }

  return {
    async show(ctx, { uid, client, params, sealedRequest }, { isAskedFor = false } = {}) {
      const ways = await findWays(ctx, { uid, params });
      if (ways.straightTo !== undefined && !isAskedFor) {
        ctx.status = 303;
        return ctx.redirect(ways.straightTo);
      }
      const hint = params["login_hint"];
      const page = {
        uid,
        clientName: clientName(client),
        logoUrl: clientLogoUrl(client, basePath),
        accentUrl: await findAccentUrl(client.clientId),
        params,
        sealedRequest: sealedRequest ?? "",
        identifier: typeof hint === "string" ? hint : "",
        // As this person had it here before; off for everybody else.
        keep: (await browserAccounts.findCurrent(ctx))?.isKept === true,
      };
      return renderLogin(ctx, page, ways);
    },
    submit,
    showAgain,
  };
}
