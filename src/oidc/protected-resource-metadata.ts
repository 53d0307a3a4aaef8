import type { ResourceServer, ResourceServerStore } from "../clients/resource-server-store.js";
import type { FinishAnswer } from "./finish-answers.js";

/** RFC 9449 §4.3: what proofs may be signed with, at this server and at APIs that follow it. */
export const DPOP_ALGORITHMS = ["ES256", "EdDSA"] as const;

export interface ProtectedResourceMetadataDeps {
  readonly issuer: string;
  readonly clientCertificateHeader: string | undefined;
  readonly resourceServers: Pick<ResourceServerStore, "find">;
}

/**
 * The metadata of an API (RFC 9728 §2); undefined for one that is not there or does not want them
 * published. `resource` is the identifier as it is registered, which clients compare (§3.3).
 */
export function createFindProtectedResourceMetadata({
  issuer,
  clientCertificateHeader,
  resourceServers,
}: ProtectedResourceMetadataDeps) {
  return async (identifier: string): Promise<Record<string, unknown> | undefined> => {
    const api = await resourceServers.find(identifier);
    if (api?.publishMetadata !== true) return undefined;
    return {
      resource: api.identifier,
      resource_name: api.name,
      authorization_servers: [issuer],
      scopes_supported: Object.keys(api.scopes),
      bearer_methods_supported: ["header"],
      dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
      ...(clientCertificateHeader === undefined
        ? {}
        : { tls_client_certificate_bound_access_tokens: true }),
    };
  };
}

const SERVER_METADATA = new Set([
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
]);

/** Lists the APIs whose metadata are published in the server's own (RFC 9728 §4). */
export function createTellProtectedResources(
  publishedApis: () => Promise<readonly ResourceServer[]>,
): FinishAnswer {
  return (ctx) =>
    SERVER_METADATA.has(ctx.path) && ctx.status === 200 ? addTo(ctx, publishedApis) : undefined;
}

async function addTo(
  ctx: Parameters<FinishAnswer>[0],
  publishedApis: () => Promise<readonly ResourceServer[]>,
): Promise<void> {
  const identifiers = (await publishedApis()).map(({ identifier }) => identifier);
  if (identifiers.length === 0 || typeof ctx.body !== "object" || ctx.body === null) return;
  ctx.body = { ...ctx.body, protected_resources: identifiers };
}
