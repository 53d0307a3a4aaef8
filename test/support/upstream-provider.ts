import { randomUUID } from "node:crypto";
import type { UpstreamProvider } from "../../src/federation/upstream-provider.js";

/** A provider of which all but what is given is as little as there can be. */
export function newUpstreamProvider(
  given: Partial<UpstreamProvider> = {},
): Omit<UpstreamProvider, "version"> {
  const id = given.id ?? `p${randomUUID()}`;
  return {
    id,
    displayName: "Example",
    icon: undefined,
    kind: "openid",
    issuer: `https://${id}.example.com`,
    preset: undefined,
    clientId: "latchkey",
    authentication: "client_secret_basic",
    sealedClientSecret: undefined,
    scopes: ["openid", "email", "profile"],
    authorizationParameters: {},
    claims: { email: "email", email_verified: "email_verified", name: "name" },
    accounts: "create",
    allowedDomains: [],
    emailAuthoritativeFor: [],
    hintDomains: [],
    takesOverProfile: false,
    only: false,
    acrMapping: {},
    amrMapping: {},
    logout: { fromUpstream: true, toUpstream: false },
    disabled: false,
    managedBy: undefined,
    ...given,
  };
}
