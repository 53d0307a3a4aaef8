import type { UpstreamProvider } from "./upstream-provider.js";

/** What each fact is called in files and in what commands print. */
export const PROVIDER_MEMBERS: Record<keyof UpstreamProvider, string> = {
  id: "id",
  displayName: "display_name",
  icon: "icon",
  kind: "kind",
  issuer: "issuer",
  preset: "preset",
  clientId: "client_id",
  authentication: "authentication",
  sealedClientSecret: "client_secret_file",
  scopes: "scopes",
  authorizationParameters: "authorization_parameters",
  claims: "claims",
  accounts: "accounts",
  allowedDomains: "allowed_domains",
  emailAuthoritativeFor: "email_authoritative_for",
  hintDomains: "hint_domains",
  takesOverProfile: "takes_over_profile",
  only: "only",
  acrMapping: "acr_mapping",
  amrMapping: "amr_mapping",
  logout: "logout",
  disabled: "disabled",
  managedBy: "managed_by",
  version: "version",
};

/** A provider as JSON, without its secret. */
export function toProviderDocument(provider: UpstreamProvider): Record<string, unknown> {
  const { sealedClientSecret, logout, version: _version, ...facts } = provider;
  const members: Record<string, string> = PROVIDER_MEMBERS;
  return {
    ...Object.fromEntries(
      Object.entries(facts).map(([fact, value]) => [members[fact] ?? fact, value ?? null]),
    ),
    logout: { from_upstream: logout.fromUpstream, to_upstream: logout.toUpstream },
    has_client_secret: sealedClientSecret !== undefined,
  };
}
