import { errors, type ResourceServer as ResourceServerInfo } from "oidc-provider";
import {
  normalizeResourceIdentifier,
  type ResourceServerStore,
} from "../clients/resource-server-store.js";
import type { SigningAlgorithm } from "../keys/signing-key.js";

export interface ResourceServerInfoDeps {
  readonly resourceServers: ResourceServerStore;
  readonly accessTokenAlgorithm: SigningAlgorithm;
  readonly accessTokenSeconds: number;
}

/** What the library needs to issue access tokens for a registered API (RFC 8707 §2, RFC 9068). */
export function createResourceServerInfo({
  resourceServers,
  accessTokenAlgorithm,
  accessTokenSeconds,
}: ResourceServerInfoDeps): (ctx: unknown, resource: string) => Promise<ResourceServerInfo> {
  return async (_ctx, resource) => {
    const api = await resourceServers.find(normalizeResourceIdentifier(resource));
    if (api === undefined) {
      throw new errors.InvalidTarget("resource indicator is not a registered API");
    }
    const signing = { alg: api.accessTokenAlgorithm ?? accessTokenAlgorithm };
    return {
      scope: Object.keys(api.scopes).join(" "),
      audience: api.identifier,
      accessTokenTTL: api.accessTokenSeconds ?? accessTokenSeconds,
      accessTokenFormat: api.accessTokenFormat,
      ...(api.accessTokenFormat === "jwt" ? { jwt: { sign: signing } } : {}),
    };
  };
}
