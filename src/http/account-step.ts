import type { Context } from "koa";
import { clientName } from "../oidc/client-name.js";
import type { ActiveInteraction } from "../oidc/interactions.js";
import type { SealedRequest } from "../oidc/sealed-request.js";
import type { EndedInteraction } from "./ended-interaction.js";
import type { InteractionForm, InteractionRoutesDeps } from "./interaction-deps.js";
import { describeAccounts } from "./describe-account.js";
import { redirectUri, returnHost } from "./return-address.js";
import { allowFormReturn } from "./security-headers.js";

/** Who of the people that are signed in at this browser goes on. */
export interface AccountStep {
  /** @returns false, with nothing answered, when there is nobody to choose. */
  show(ctx: Context, interaction: ActiveInteraction): Promise<boolean>;
  submit(ctx: Context, form: InteractionForm): Promise<void>;
  /** From the consent page: begins the request anew, as somebody else. */
  switchAccount(ctx: Context, sealed: SealedRequest | undefined): Promise<void>;
}

export function createAccountStep(
  {
    interactions,
    browserAccounts,
    formGuard,
    findAccentUrl,
    render,
    audit,
    basePath,
  }: InteractionRoutesDeps,
  ended: EndedInteraction,
): AccountStep {
  return {
    async show(ctx, interaction) {
      if (!interaction.takesSignedIn) return false;
      const held = await browserAccounts.list(ctx);
      if (held.length === 0) return false;
      const { uid, params } = interaction;
      const path = `${basePath}/interaction/${uid}`;
      allowFormReturn(ctx, redirectUri(params));
      render(ctx, "choose-account", {
        action: `${path}/account`,
        cancelAction: `${path}/cancel`,
        otherUrl: `${path}/sign-in`,
        csrfToken: formGuard.issue(ctx, uid),
        sealedRequest: interaction.sealedRequest ?? "",
        clientName: clientName(interaction.client),
        accentUrl: await findAccentUrl(interaction.client.clientId),
        returnHost: returnHost(params),
        accounts: describeAccounts(held),
      });
      return true;
    },

    async submit(ctx, { uid, fields, sealed }) {
      const interaction = await interactions.find(ctx, uid);
      if (interaction === undefined) return ended.restart(ctx, sealed);
      const accountId = interaction.takesSignedIn
        ? await interactions.choose(ctx, fields["account"] ?? "")
        : undefined;
      if (accountId === undefined) {
        // Signed out meanwhile: the page shows who is left.
        ctx.status = 303;
        return ctx.redirect(`${basePath}/interaction/${uid}`);
      }
      audit({
        event: "session.chosen",
        outcome: "success",
        accountId,
        clientId: interaction.client.clientId,
        ip: ctx.ip,
        requestId: String(ctx.state["requestId"]),
      });
    },

    async switchAccount(ctx, sealed) {
      const held = await browserAccounts.list(ctx);
      const prompts = [held.length > 1 ? "select_account" : "login"];
      // Without it, offline access would not be asked for again (OpenID Connect Core §11).
      if (promptsOf(sealed).includes("consent")) prompts.push("consent");
      return ended.restart(ctx, sealed, prompts.join(" "));
    },
  };
}

function promptsOf(sealed: SealedRequest | undefined): string[] {
  const prompt = sealed?.params["prompt"];
  return typeof prompt === "string" ? prompt.split(" ") : [];
}
