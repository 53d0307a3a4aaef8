import type { Audit } from "../lib/audit.js";
import { LatchkeyError } from "../lib/errors.js";
import { normalizeResourceIdentifier } from "./resource-identifier.js";
import type { ResourceServerStore } from "./resource-server-store.js";

/** What a client may be allowed at this server's own API, in words. */
export const MANAGEMENT_SCOPES = {
  "sessions:read": "See the sessions of every person and application",
  "sessions:end": "End the sessions and access of every person and application",
} as const;

export type ManagementScope = keyof typeof MANAGEMENT_SCOPES;

export interface ManagementApiDeps {
  readonly resourceServers: ResourceServerStore;
  readonly issuer: string;
  readonly audit: Audit;
}

/** The API by which programs manage this server; no client may use it until one is allowed to. */
export function managementApiIdentifier(issuer: string): string {
  return normalizeResourceIdentifier(`${issuer}/management`);
}

/**
 * Registers it when it is not there, and brings its scopes to those of this version. Whom it allows
 * is the administrators' matter. Any number of nodes may do it at once.
 */
export async function ensureManagementApi(deps: ManagementApiDeps): Promise<void> {
  const { resourceServers, issuer, audit } = deps;
  const identifier = managementApiIdentifier(issuer);
  const current = await resourceServers.find(identifier);
  if (current === undefined) {
    if (await create(identifier, resourceServers)) {
      audit({ event: "api.created", outcome: "success", api: identifier });
    }
    return;
  }
  const names = Object.keys(MANAGEMENT_SCOPES);
  if (names.every((name) => name in current.scopes)) return;
  await resourceServers.update(identifier, ({ scopes }) => ({
    scopes: { ...scopes, ...MANAGEMENT_SCOPES },
  }));
  audit({ event: "api.updated", outcome: "success", api: identifier, changed: "scopes" });
}

/** @returns false when another node was faster. */
async function create(identifier: string, resourceServers: ResourceServerStore): Promise<boolean> {
  try {
    await resourceServers.create({
      identifier,
      name: "Latchkey management",
      scopes: MANAGEMENT_SCOPES,
      accessTokenFormat: "jwt",
    });
    return true;
  } catch (err) {
    if (err instanceof LatchkeyError && err.code === "resource_server_exists") return false;
    throw err;
  }
}
