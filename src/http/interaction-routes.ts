/**
 * Choice of an account, sign-in and consent: the steps of an authorization request in which a person
 * takes part. Owns
 * what happens between the library's redirect to `/interaction/:uid` and the way back, the ways out
 * when the interaction is gone included. Every post answers 303 or shows the same page again.
 */
import type Router from "@koa/router";
import type { Context, Next } from "koa";
import type { ActiveInteraction } from "../oidc/interactions.js";
import { createAccountStep } from "./account-step.js";
import { createConsentView } from "./consent-view.js";
import { createEndedInteraction } from "./ended-interaction.js";
import type { InteractionForm, InteractionRoutesDeps } from "./interaction-deps.js";
import { createProofStep } from "./federation/proof-step.js";
import { createPasskeyStep } from "./passkeys/passkey-step.js";
import { addInteractionSecondStep } from "./second-step/interaction-second-step.js";
import { createPasswordStep } from "./password-step.js";
import { readForm } from "./read-form.js";
import { redirectUri } from "./return-address.js";
import { uidOf } from "./uid-of.js";
import { allowFormReturn } from "./security-headers.js";
import { UNMET } from "./sign-in-hub.js";

/** A page of an interaction, and what its form posts; `false`: there is none. */
interface Aside {
  showAt(ctx: Context, interaction: ActiveInteraction): Promise<boolean | void>;
  submitAt(
    ctx: Context,
    form: InteractionForm,
    interaction: ActiveInteraction | undefined,
  ): Promise<void>;
}

export function addInteractionRoutes(router: Router, deps: InteractionRoutesDeps): void {
  const { interactions, formGuard, audit, basePath, signUpStart, resetStart } = deps;
  const ended = createEndedInteraction(deps);
  const passwordStep = createPasswordStep(deps, ended);
  const passkeyStep = createPasskeyStep(deps, ended, passwordStep);
  const consentView = createConsentView(deps);
  const accountStep = createAccountStep(deps, ended);
  const proofStep = createProofStep(deps, ended);

  router.get("/interaction/:uid", async (ctx) => {
    const uid = uidOf(ctx);
    const interaction = await interactions.find(ctx, uid);
    if (interaction === undefined) return ended.show(ctx, uid);
    if (interaction.unmetAcr) {
      return interactions.refuse(ctx, UNMET);
    }
    allowFormReturn(ctx, redirectUri(interaction.params));
    if (interaction.prompt === "consent") return consentView.show(ctx, interaction);
    if (interaction.prompt === "create" && (await signUpStart?.showAt(ctx, interaction))) return;
    if (interaction.stepsUp && (await deps.signInHub.stepUp(ctx, interaction))) return;
    if (await accountStep.show(ctx, interaction)) return;
    return passwordStep.show(ctx, interaction);
  });

  // "Use another account" at the choice of accounts.
  router.get("/interaction/:uid/sign-in", async (ctx) => {
    const uid = uidOf(ctx);
    const interaction = await interactions.find(ctx, uid);
    if (interaction === undefined || interaction.prompt === "consent") return backToPage(ctx, uid);
    return passwordStep.show(ctx, interaction, { isAskedFor: true });
  });

  addInteractionSecondStep(router, { ...deps, ended, guarded });

  router.get("/interaction/:uid/link", (ctx) => proofStep.show(ctx, uidOf(ctx)));

  router.post(
    "/interaction/:uid/link",
    guarded((ctx, form) => proofStep.submit(ctx, form)),
  );

  router.post(
    "/interaction/:uid/login",
    guarded((ctx, form) => passwordStep.submit(ctx, form)),
  );

  if (signUpStart !== undefined) addAside("sign-up", signUpStart);
  if (resetStart !== undefined) addAside("reset", resetStart);

  router.post(
    "/interaction/:uid/passkey",
    guarded((ctx, form) => passkeyStep.submit(ctx, form)),
  );

  router.post(
    "/interaction/:uid/account",
    guarded((ctx, form) => accountStep.submit(ctx, form)),
  );

  router.post(
    "/interaction/:uid/consent",
    guarded(async (ctx, { uid, fields, sealed }) => {
      const interaction = await interactions.find(ctx, uid);
      if (interaction === undefined) return ended.restart(ctx, sealed);
      if (interaction.prompt !== "consent") return backToPage(ctx, uid);
      const allowed = fields["decision"] === "allow";
      if (!allowed && fields["decision"] !== "deny") return backToPage(ctx, uid);
      tellConsent(ctx, interaction, allowed);
      return allowed ? interactions.allow(ctx, interaction) : refuseByPerson(ctx);
    }),
  );

  router.post(
    "/interaction/:uid/cancel",
    guarded(async (ctx, { uid, sealed }) => {
      const interaction = await interactions.find(ctx, uid);
      return interaction === undefined ? ended.restart(ctx, sealed) : refuseByPerson(ctx);
    }),
  );

  router.post(
    "/interaction/:uid/switch-account",
    guarded((ctx, { sealed }) => accountStep.switchAccount(ctx, sealed)),
  );

  /** What leads away from the sign-in, and back to it in the end. */
  function addAside(name: string, aside: Aside): void {
    router.get(`/interaction/:uid/${name}`, async (ctx) => {
      const uid = uidOf(ctx);
      const interaction = await interactions.find(ctx, uid);
      if (interaction === undefined || interaction.prompt === "consent") {
        return backToPage(ctx, uid);
      }
      if ((await aside.showAt(ctx, interaction)) === false) backToPage(ctx, uid);
    });
    router.post(
      `/interaction/:uid/${name}`,
      guarded(async (ctx, form) =>
        aside.submitAt(ctx, form, await interactions.find(ctx, form.uid)),
      ),
    );
  }

  // Without the guard: the ways out for a browser that lost its cookies. They only start a request
  // that this server sealed, as a link to the authorization endpoint would.
  router.post("/interaction/:uid/restart", async (ctx) => ended.restart(ctx, await sealedOf(ctx)));
  router.post("/interaction/:uid/continue", async (ctx) => ended.goOn(ctx, await sealedOf(ctx)));

  async function sealedOf(ctx: Context) {
    const fields = await readForm(ctx);
    return interactions.openSealed(fields["sealed_request"] ?? "");
  }

  function guarded(handle: (ctx: Context, form: InteractionForm) => Promise<void>) {
    return async (ctx: Context, _next: Next): Promise<void> => {
      const uid = uidOf(ctx);
      const fields = await readForm(ctx);
      const sealed = interactions.openSealed(fields["sealed_request"] ?? "");
      const verdict = formGuard.check(ctx, uid, fields["csrf_token"]);
      if (verdict === "genuine") return handle(ctx, { uid, fields, sealed });
      if (verdict === "forged") return ended.refuseForgery(ctx, uid);
      // Without cookies the restarted request ends at the page about them, unless they are back.
      return sealed === undefined ? ended.probeCookies(ctx) : ended.restart(ctx, sealed);
    };
  }

  function backToPage(ctx: Context, uid: string): void {
    ctx.status = 303;
    ctx.redirect(`${basePath}/interaction/${uid}`);
  }

  function refuseByPerson(ctx: Context): Promise<void> {
    return interactions.refuse(ctx, {
      error: "access_denied",
      error_description: "End-User aborted interaction",
    });
  }

  function tellConsent(ctx: Context, interaction: ActiveInteraction, allowed: boolean): void {
    audit({
      event: "consent",
      outcome: allowed ? "success" : "failure",
      reason: allowed ? undefined : "refused by the person",
      accountId: interaction.accountId,
      clientId: interaction.client.clientId,
      scopes: interaction.missing.scopes,
      resources: Object.keys(interaction.missing.resourceScopes),
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
  }
}
