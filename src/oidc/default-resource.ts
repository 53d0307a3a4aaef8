import type { Client, Configuration } from "oidc-provider";
import { allowedScopes } from "../clients/allowed-scopes.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";
import type { ResourceServer, ResourceServerStore } from "../clients/resource-server-store.js";
import { requestedScopes } from "./requested-scopes.js";

type ResourceIndicators = NonNullable<NonNullable<Configuration["features"]>["resourceIndicators"]>;

/**
 * Which API a request without `resource` means (RFC 8707 §2: a pre-defined default): the default API
 * if the client may use it, unless it only asks for OpenID Connect scopes. Such a request is about
 * userinfo, for which the library takes opaque tokens without audience alone.
 */
export function createDefaultResource({
  resourceServers,
}: {
  readonly resourceServers: Pick<ResourceServerStore, "findDefault">;
}): Required<Pick<ResourceIndicators, "defaultResource" | "useGrantedResource">> {
  return {
    /** `oneOf`: what was granted, of which the token request names none. */
    async defaultResource(ctx, client, oneOf) {
      const scopes = requestedScopes(ctx);
      const isForApi = (api: ResourceServer) =>
        !scopes.includes("openid") || asksForScopesOf(api, client, scopes);
      if (oneOf !== undefined) {
        const api = await resourceServers.findDefault();
        const granted = oneOf.find((each) => isSame(each, api));
        return granted !== undefined && api !== undefined && isForApi(api) ? granted : oneOf;
      }
      const api = await resourceServers.findDefault();
      if (api === undefined || allowedScopes(api, client.clientId) === undefined) return [];
      return isForApi(api) ? api.identifier : [];
    },

    /** Whether a token is for the API that was granted, though its request asks for userinfo too. */
    async useGrantedResource(ctx, model) {
      const { client } = ctx.oidc;
      const scopes = requestedScopes(ctx);
      const granted = [model.resource ?? []].flat();
      if (client === undefined || granted.length === 0) return false;
      const api = await resourceServers.findDefault();
      return (
        api !== undefined &&
        granted.some((each) => isSame(each, api)) &&
        asksForScopesOf(api, client, scopes)
      );
    },
  };
}

function isSame(resource: string, api: ResourceServer | undefined): boolean {
  return normalizeResourceIdentifier(resource) === api?.identifier;
}

function asksForScopesOf(
  api: ResourceServer,
  { clientId }: Client,
  scopes: readonly string[],
): boolean {
  const allowed = allowedScopes(api, clientId) ?? [];
  return scopes.some((scope) => allowed.includes(scope));
}
