import {
  errors,
  type Client,
  type KoaContextWithOIDC,
  type ResourceServer as ResourceServerInfo,
} from "oidc-provider";
import { allowedScopes } from "../clients/allowed-scopes.js";
import type { ResourceServer, ResourceServerStore } from "../clients/resource-server-store.js";
import type { SigningAlgorithm } from "../keys/signing-key.js";
import type { Audit } from "../lib/audit.js";
import { LONGEST_TOKEN_SECONDS } from "../lib/longest-token.js";
import { SCOPES } from "./claims.js";
import { requestFacts } from "./request-facts.js";
import { requestedScopes } from "./requested-scopes.js";

/** What holds for APIs that say nothing of their own. */
export interface ResourceServerDefaults {
  readonly accessTokenAlgorithm: SigningAlgorithm;
  readonly accessTokenSeconds: number;
}

export interface ResourceServerInfoDeps extends ResourceServerDefaults {
  readonly resourceServers: Pick<ResourceServerStore, "find">;
  readonly audit: Audit;
}

/** Routes at which the library asks again for what a request before has settled. */
const REPEATING_ROUTES = new Set(["resume", "code_verification", "device_resume"]);

/**
 * What the library needs to issue access tokens of a registered API to a client (RFC 8707 §2, RFC
 * 9068). An API that the client may not use is refused like one that is not there. Scopes that it
 * may not have are left out, which the library tells it by `scope` in the token response; when no
 * scope would be left of those it asks for, the request is refused (RFC 6749 §3.3).
 */
export function createResourceServerInfo({
  resourceServers,
  audit,
  ...defaults
}: ResourceServerInfoDeps) {
  return async (
    ctx: KoaContextWithOIDC,
    resource: string,
    client: Client,
  ): Promise<ResourceServerInfo> => {
    const api = await resourceServers.find(resource);
    const scopes = api === undefined ? undefined : allowedScopes(api, client.clientId);
    if (api === undefined || scopes === undefined) {
      throw new errors.InvalidTarget(
        "resource indicator is not an API that this client may use",
        api === undefined ? `unknown API ${resource}` : `API ${api.identifier} does not allow it`,
      );
    }
    narrow(ctx, api.identifier, { known: Object.keys(api.scopes), allowed: scopes });
    return describeResourceServer(api, scopes, defaults);
  };

  /** Tells what is left out, once a request. @throws InvalidScope when nothing is left. */
  function narrow(
    ctx: KoaContextWithOIDC,
    api: string,
    scopes: { known: readonly string[]; allowed: readonly string[] },
  ): void {
    if (REPEATING_ROUTES.has(ctx.oidc.route)) return;
    const requested = requestedScopes(ctx);
    const isOneOfMany = Array.isArray(ctx.oidc.params?.["resource"]);
    const dropped = requested.filter((scope) => {
      if (SCOPES.includes(scope) || scopes.allowed.includes(scope)) return false;
      // With several APIs it may be another's.
      return !isOneOfMany || scopes.known.includes(scope);
    });
    if (dropped.length === 0) return;
    if (!isOneOfMany && dropped.length === requested.length && isDirectRequest(ctx)) {
      throw new errors.InvalidScope(
        "requested scope is not allowed for this API",
        dropped.join(" "),
      );
    }
    audit({
      event: "scope.narrowed",
      outcome: "failure",
      api,
      dropped: dropped.join(" "),
      ...requestFacts(ctx),
    });
  }
}

/** The client names the scopes now; those of codes and refresh tokens were judged before. */
function isDirectRequest({ oidc }: KoaContextWithOIDC): boolean {
  return oidc.route !== "token" || oidc.params?.["grant_type"] === "client_credentials";
}

/** An API in the library's words. @param scopes those that may be had. */
export function describeResourceServer(
  api: ResourceServer,
  scopes: readonly string[],
  { accessTokenAlgorithm, accessTokenSeconds }: ResourceServerDefaults,
) {
  const signing = { alg: api.accessTokenAlgorithm ?? accessTokenAlgorithm };
  return {
    scope: scopes.join(" "),
    audience: api.identifier,
    // Nothing longer is registered; keys and revocations would not last for it.
    accessTokenTTL: Math.min(api.accessTokenSeconds ?? accessTokenSeconds, LONGEST_TOKEN_SECONDS),
    accessTokenFormat: api.accessTokenFormat,
    ...(api.accessTokenFormat === "jwt" ? { jwt: { sign: signing } } : {}),
  } satisfies ResourceServerInfo;
}
