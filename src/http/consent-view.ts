import type { Context } from "koa";
import { clientName } from "../oidc/client-name.js";
import type { ActiveInteraction } from "../oidc/interactions.js";
import { describeScopes } from "../oidc/scope-words.js";
import { describeResources } from "./describe-resources.js";
import type { InteractionRoutesDeps } from "./interaction-deps.js";
import { returnHost } from "./return-address.js";
import { clientLogoUrl } from "./client-logos.js";

export interface ConsentPage {
  show(ctx: Context, interaction: ActiveInteraction): Promise<void>;
}

export function createConsentView({
  accounts,
  clients,
  resourceServers,
  formGuard,
  findAccentUrl,
  render,
  basePath,
}: InteractionRoutesDeps): ConsentPage {
  async function show(ctx: Context, interaction: ActiveInteraction): Promise<void> {
    const { uid, client, accountId, params, missing } = interaction;
    const account = accountId === undefined ? undefined : await accounts.find(accountId);
    const record = await clients.find(client.clientId);
    const path = `${basePath}/interaction/${uid}`;
    const host = returnHost(params);
    render(ctx, "consent", {
      accentUrl: await findAccentUrl(client.clientId),
      action: `${path}/consent`,
      switchAccountAction: `${path}/switch-account`,
      csrfToken: formGuard.issue(ctx, uid),
      sealedRequest: interaction.sealedRequest ?? "",
      client: {
        name: clientName(client),
        logoUrl: clientLogoUrl(client, basePath),
        host,
        unverified: record?.createdBy !== "administrator",
        uri: client.clientUri,
        policyUri: client.policyUri,
        tosUri: client.tosUri,
      },
      account: { name: account?.profile.name ?? account?.username ?? "", email: account?.email },
      groups: describeScopes(missing.scopes, missing.claims),
      resources: await describeResources(resourceServers, missing.resourceScopes),
      offline: missing.scopes.includes("offline_access"),
      returnHost: host,
    });
  }

  return { show };
}
