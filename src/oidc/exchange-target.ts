import { errors } from "oidc-provider";
import type { ClientStore } from "../clients/client-store.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";
import type { ResourceServer, ResourceServerStore } from "../clients/resource-server-store.js";
import type { ExchangeRequest } from "./exchange-request.js";

export interface ExchangeTargetDeps {
  readonly clients: Pick<ClientStore, "find">;
  readonly resourceServers: Pick<ResourceServerStore, "find">;
}

/**
 * The API that a token is asked for: `resource` is its identifier, `audience` that or the id of the
 * client that is this API (RFC 8693 §2.1). A token is for one API, so all of them must mean one.
 *
 * @throws errors.InvalidTarget
 */
export function createRequireExchangeTarget({ clients, resourceServers }: ExchangeTargetDeps) {
  return async ({ resources, audiences }: ExchangeRequest): Promise<ResourceServer> => {
    const identifiers = [...resources, ...(await Promise.all(audiences.map(identifierOf)))];
    const [identifier, ...others] = new Set(identifiers.map(normalizeResourceIdentifier));
    if (identifier === undefined) {
      throw new errors.InvalidTarget("resource or audience must name the API");
    }
    if (others.length > 0) {
      throw new errors.InvalidTarget("only one API may be named, since a token is for one");
    }
    const api = await resourceServers.find(identifier);
    if (api === undefined) throw new errors.InvalidTarget("the target is not a registered API");
    return api;
  };

  async function identifierOf(audience: string): Promise<string> {
    return (await clients.find(audience))?.policy.resourceServer ?? audience;
  }
}
