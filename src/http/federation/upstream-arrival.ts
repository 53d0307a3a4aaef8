import type { Context } from "koa";
import type { FederatedSignIn } from "../../accounts/federated-sign-in.js";
import { FederationError } from "../../federation/federation-error.js";
import type { Audit } from "../../lib/audit.js";
import type { ActiveInteraction, Interactions } from "../../oidc/interactions.js";
import type { UpstreamArrival } from "./upstream-sign-ins.js";

/** Signs in whoever came back from a provider, or says why not. */
export type Arrive = (
  ctx: Context,
  interaction: ActiveInteraction,
  arrival: UpstreamArrival,
) => Promise<void>;

export interface ArriveDeps {
  readonly federatedSignIn: FederatedSignIn;
  readonly interactions: Pick<Interactions, "signIn">;
  readonly audit: Audit;
}

export function createArrive({ federatedSignIn, interactions, audit }: ArriveDeps): Arrive {
  return async (ctx, interaction, { provider, identity }) => {
    const result = await federatedSignIn(identity, provider);
    if (result.outcome !== "signed_in") {
      const reason = result.outcome === "refused" ? result.reason : result.outcome;
      throw new FederationError("upstream_refused", reason);
    }
    const { providerId, issuer, subject, sid } = identity;
    const { acr, amr, authTimeSeconds } = identity.authentication;
    audit({
      event: "sign_in",
      outcome: "success",
      accountId: result.account.id,
      by: result.by,
      provider: provider.id,
      clientId: interaction.client.clientId,
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
    await interactions.signIn(ctx, {
      accountId: result.account.id,
      acr,
      amr,
      keep: false,
      upstream: { providerId, issuer, subject, sid, authTimeSeconds },
      upstreamIdToken: identity.idToken,
    });
  };
}
