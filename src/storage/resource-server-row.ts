import type {
  ClaimSource,
  ClientScopes,
  ResourceServer,
} from "../clients/resource-server-store.js";
import { LatchkeyError } from "../lib/errors.js";
import { parseStoredObject } from "./stored-json.js";
import type { ResourceServerClientRow, ResourceServerRow } from "./tables.js";

export type StoredResourceServer = Omit<ResourceServerRow, "created_at">;

export function toRow(resourceServer: ResourceServer): StoredResourceServer {
  return {
    identifier: resourceServer.identifier,
    name: resourceServer.name,
    scopes: JSON.stringify(resourceServer.scopes),
    access_token_format: resourceServer.accessTokenFormat,
    access_token_algorithm: resourceServer.accessTokenAlgorithm ?? null,
    access_token_seconds: resourceServer.accessTokenSeconds ?? null,
    is_default: resourceServer.default,
    is_open: resourceServer.open,
    status_list: resourceServer.statusList,
    publish_metadata: resourceServer.publishMetadata,
    claims: JSON.stringify(resourceServer.claims),
    managed_by: resourceServer.managedBy ?? null,
  };
}

export function toClientRows({ identifier, clients }: ResourceServer): ResourceServerClientRow[] {
  return Object.entries(clients).map(([clientId, scopes]) => ({
    resource_server: identifier,
    client_id: clientId,
    scopes: scopes === "all" ? null : JSON.stringify(scopes),
  }));
}

export function toResourceServer(
  row: ResourceServerRow,
  clients: readonly Pick<ResourceServerClientRow, "client_id" | "scopes">[],
): ResourceServer {
  return {
    identifier: row.identifier,
    name: row.name,
    scopes: toWords(parseStoredObject(row.scopes, "resource_server.scopes")),
    accessTokenFormat: row.access_token_format,
    accessTokenAlgorithm: row.access_token_algorithm ?? undefined,
    accessTokenSeconds: row.access_token_seconds ?? undefined,
    default: Boolean(row.is_default),
    open: Boolean(row.is_open),
    clients: Object.fromEntries(clients.map((each) => [each.client_id, toScopes(each.scopes)])),
    statusList: Boolean(row.status_list),
    publishMetadata: Boolean(row.publish_metadata),
    claims: toClaims(parseStoredObject(row.claims, "resource_server.claims")),
    managedBy: row.managed_by ?? undefined,
  };
}

function toWords(stored: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(stored).map(([scope, words]) => [scope, String(words)]));
}

/** `{ "scopes": [...] }` would say no more; a column that is no list allows nothing. */
function toScopes(stored: string | null): ClientScopes {
  if (stored === null) return "all";
  const { scopes } = parseStoredObject(`{"scopes":${stored}}`, "resource_server_client.scopes");
  return Array.isArray(scopes) ? scopes.map(String) : [];
}

function toClaims(stored: Record<string, unknown>): Record<string, ClaimSource> {
  return Object.fromEntries(
    Object.entries(stored).map(([name, source]) => [name, toClaimSource(source)]),
  );
}

function toClaimSource(stored: unknown): ClaimSource {
  if (typeof stored === "string") return stored;
  if (typeof stored === "object" && stored !== null && "const" in stored) {
    return { const: stored.const };
  }
  throw new LatchkeyError("record_unreadable", "A source in resource_server.claims is unknown.");
}
