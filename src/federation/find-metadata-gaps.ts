import type { ServerMetadata } from "openid-client";
import { notice, problem, type ProviderFinding } from "./provider-finding.js";
import type { UpstreamProvider } from "./upstream-provider.js";

/** What a provider's metadata say that it lacks (OpenID Connect Discovery §3). */
export function findMetadataGaps(
  provider: Pick<UpstreamProvider, "kind" | "authentication" | "scopes">,
  metadata: ServerMetadata,
): ProviderFinding[] {
  if (provider.kind === "oauth") return [];
  return [
    ...findMissingEndpoints(metadata),
    ...findAuthenticationGap(provider, metadata),
    ...findWeaknesses(metadata),
    ...findUnlistedScopes(provider, metadata),
  ];
}

function findMissingEndpoints(metadata: ServerMetadata): ProviderFinding[] {
  const { authorization_endpoint: authorization, token_endpoint: token } = metadata;
  return [
    ...(authorization === undefined
      ? [problem("It has no authorization endpoint: nobody can sign in there.")]
      : []),
    ...(token === undefined
      ? [problem("It has no token endpoint: the code flow is not supported.")]
      : []),
    ...(metadata.userinfo_endpoint === undefined
      ? [notice("It has no userinfo endpoint: names and addresses must be in its ID tokens.")]
      : []),
  ];
}

function findAuthenticationGap(
  { authentication }: Pick<UpstreamProvider, "authentication">,
  metadata: ServerMetadata,
): ProviderFinding[] {
  const methods = metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
  if (authentication === "none" || methods.includes(authentication)) return [];
  const words = `It takes no ${authentication}; choose one of ${methods.join(", ")} (--authentication).`;
  return [problem(words)];
}

function findWeaknesses(metadata: ServerMetadata): ProviderFinding[] {
  return [
    ...(metadata.code_challenge_methods_supported?.includes("S256") === true
      ? []
      : [
          notice(
            "It does not say that it supports PKCE with S256: only the nonce binds its codes.",
          ),
        ]),
    ...(metadata.authorization_response_iss_parameter_supported === true
      ? []
      : [notice("It does not name itself in its answers (RFC 9207): a mix-up shows later.")]),
  ];
}

function findUnlistedScopes(
  { scopes }: Pick<UpstreamProvider, "scopes">,
  { scopes_supported: listed }: ServerMetadata,
): ProviderFinding[] {
  if (listed === undefined) return [];
  const unlisted = scopes.filter((scope) => !listed.includes(scope));
  return unlisted.length === 0
    ? []
    : [notice(`It does not list the scopes ${unlisted.join(", ")}.`)];
}
