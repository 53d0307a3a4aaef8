import type { Context } from "koa";
import type { EndedInteraction } from "../ended-interaction.js";
import { rememberLastProvider } from "../federation/last-provider-cookie.js";
import type { InteractionForm, InteractionRoutesDeps } from "../interaction-deps.js";
import { KEEP_VALUE } from "../keep-signed-in.js";
import type { PasswordStep } from "../password-step.js";
import { requestOf } from "../sign-in-hub.js";
import { toAuthentication } from "./passkey-ceremonies.js";
import { passkeyProblem } from "./passkey-prompt.js";
import { signInPurpose } from "./sign-in-purpose.js";

/** Sign-in by passkey, on the page of the password step. */
export function createPasskeyStep(
  deps: InteractionRoutesDeps,
  ended: EndedInteraction,
  passwordStep: Pick<PasswordStep, "showAgain">,
) {
  const { interactions, passkeyCeremonies, signInHub, basePath } = deps;

  return {
    async submit(ctx: Context, form: InteractionForm): Promise<void> {
      const { uid, fields } = form;
      const interaction = await interactions.find(ctx, uid);
      if (interaction?.prompt === "consent") {
        ctx.status = 303;
        return ctx.redirect(`${basePath}/interaction/${uid}`);
      }
      const request = interaction === undefined ? form.sealed : requestOf(interaction);
      if (request === undefined) return ended.show(ctx, uid);

      const { clientId } = request;
      const purpose = signInPurpose(uid);
      const proof = await passkeyCeremonies.prove(ctx, { purpose, fields, clientId });
      if (proof.outcome === "refused") {
        return passwordStep.showAgain(ctx, form, request, passkeyProblem(proof.unknown));
      }
      rememberLastProvider(ctx, undefined);
      const keep = fields["keep"] === KEEP_VALUE;
      return signInHub.completeSignIn(
        ctx,
        { uid, interaction, request },
        toAuthentication(proof, keep),
      );
    },
  };
}
