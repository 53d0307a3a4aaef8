/**
 * The way through another provider as a step of an authorization request: from the button to the
 * provider, and from the callback to a session. What an identity means for accounts is `arrive`.
 */
import type Router from "@koa/router";
import type { Context } from "koa";
import { FederationError } from "../../federation/federation-error.js";
import { findUpstreamAcrs } from "../../federation/map-authentication.js";
import type { BeginOptions } from "../../federation/upstream-client.js";
import type {
  UpstreamProvider,
  UpstreamProviderStore,
} from "../../federation/upstream-provider.js";
import { message } from "../../lib/message.js";
import type { ActiveInteraction, Interactions } from "../../oidc/interactions.js";
import type { EndedInteraction } from "../ended-interaction.js";
import { uidOf } from "../uid-of.js";
import { providerOf } from "./provider-of.js";
import type { Arrive } from "./upstream-arrival.js";
import type { FailureContext, UpstreamFailures } from "./upstream-failures.js";
import type { UpstreamSignIns } from "./upstream-sign-ins.js";

export interface UpstreamRoutesDeps {
  readonly interactions: Interactions;
  readonly ended: Pick<EndedInteraction, "show">;
  readonly upstreamProviders: Pick<UpstreamProviderStore, "find">;
  readonly upstreamSignIns: UpstreamSignIns;
  readonly upstreamFailures: UpstreamFailures;
  readonly arrive: Arrive;
  readonly basePath: string;
}

export function addUpstreamRoutes(router: Router, deps: UpstreamRoutesDeps): void {
  const { interactions, ended, upstreamProviders, upstreamSignIns, arrive, basePath } = deps;

  /**
   * A link, not a form: Chromium holds `form-action` against every redirect that follows, and the
   * provider's may lead anywhere. Nobody else can make a browser follow it: `uid` is a secret of the
   * browser that has the interaction's cookie.
   */
  router.get("/interaction/:uid/upstream/:provider", async (ctx) => {
    const interaction = await findSignIn(ctx);
    if (interaction === undefined) return;
    const id = providerOf(ctx);
    const provider = await upstreamProviders.find(id);
    await orFailure(ctx, { interaction, provider }, () =>
      upstreamSignIns.start(ctx, id, optionsOf(interaction, provider)),
    );
  });

  router.get("/interaction/:uid/upstream", async (ctx) => {
    const interaction = await findSignIn(ctx);
    if (interaction === undefined) return;
    const attempt = upstreamSignIns.find(ctx, { state: String(ctx.query["state"]) });
    const provider =
      attempt === undefined ? undefined : await upstreamProviders.find(attempt.providerId);
    await orFailure(ctx, { interaction, provider }, async () => {
      const purpose = { kind: "sign-in", uid: interaction.uid } as const;
      await arrive(ctx, interaction, await upstreamSignIns.finish(ctx, purpose));
    });
  });

  /** Answers by itself when there is nothing to sign in for. */
  async function findSignIn(ctx: Context): Promise<ActiveInteraction | undefined> {
    const uid = uidOf(ctx);
    const interaction = await interactions.find(ctx, uid);
    if (interaction === undefined) {
      await ended.show(ctx, uid);
      return undefined;
    }
    if (interaction.prompt !== "consent") return interaction;
    ctx.status = 303;
    ctx.redirect(`${basePath}/interaction/${uid}`);
    return undefined;
  }

  async function orFailure(
    ctx: Context,
    { interaction, provider }: { interaction: ActiveInteraction; provider: Named | undefined },
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (err) {
      if (!(err instanceof FederationError)) throw err;
      const context: FailureContext = {
        provider,
        clientId: interaction.client.clientId,
        // Not the page that may lead straight there again.
        wayOn: {
          href: `${basePath}/interaction/${interaction.uid}/sign-in`,
          label: message("login.back"),
        },
      };
      deps.upstreamFailures.show(ctx, err, context);
    }
  }
}

type Named = Pick<UpstreamProvider, "id" | "displayName">;

/** What the client demands of the sign-in is demanded of the provider. */
function optionsOf(
  { uid, params }: ActiveInteraction,
  provider: UpstreamProvider | undefined,
): BeginOptions {
  const text = (name: string) => {
    const value = params[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  // As the client wrote it, or a number where it is the client's default.
  const maxAge = params["max_age"] ?? "";
  const acrValues = text("acr_values")?.split(" ") ?? [];
  return {
    purpose: { kind: "sign-in", uid },
    login: text("prompt")?.split(" ").includes("login") === true,
    maxAgeSeconds: maxAge === "" ? undefined : Number(maxAge),
    loginHint: text("login_hint"),
    acrValues: provider === undefined ? [] : findUpstreamAcrs(provider, acrValues),
    uiLocales: text("ui_locales"),
  };
}
