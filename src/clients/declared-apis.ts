import { isDeepStrictEqual } from "node:util";
import type { Audit } from "../lib/audit.js";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import type { ClientStore } from "./client-store.js";
import { completeResourceServer } from "./complete-resource-server.js";
import { normalizeResourceIdentifier } from "./resource-identifier.js";
import type {
  NewResourceServer,
  ResourceServer,
  ResourceServerStore,
} from "./resource-server-store.js";

/** What a file says of APIs; each was found to be right. */
export interface ApiDeclarations {
  /** Of the file, as operators know it. */
  readonly path: string;
  readonly apis: readonly NewResourceServer[];
}

export interface DeclareApisDeps {
  readonly resourceServers: ResourceServerStore;
  readonly clients: Pick<ClientStore, "find">;
  readonly audit: Audit;
  readonly logger: Pick<Logger, "info" | "warn">;
}

/**
 * Brings the registry to what the file declares. Any number of nodes may do it at once, and one that
 * finds it done changes nothing. An API that left the file stays as it is, for commands to change or
 * delete: to be missing from a file must not end an API's tokens.
 *
 * @param declared undefined: there is no file.
 */
export async function declareApis(
  declared: ApiDeclarations | undefined,
  deps: DeclareApisDeps,
): Promise<void> {
  const { path = "", apis = [] } = declared ?? {};
  for (const api of apis) await declare({ ...api, managedBy: path }, deps);
  await releaseOthers(apis, deps);
}

async function declare(given: NewResourceServer, deps: DeclareApisDeps): Promise<void> {
  const { resourceServers, audit } = deps;
  const api = completeResourceServer({ ...given, clients: await registeredOf(given, deps) });
  const said = { api: normalizeResourceIdentifier(api.identifier), by: api.managedBy };
  const current = await resourceServers.find(api.identifier);
  if (current === undefined && (await create(api, resourceServers))) {
    audit({ event: "api.created", outcome: "success", ...said });
    return;
  }
  const changed = changedFacts(await resourceServers.find(api.identifier), api);
  if (changed.length === 0) return;
  const { identifier: _identifier, ...facts } = api;
  await resourceServers.update(api.identifier, () => facts);
  audit({ event: "api.updated", outcome: "success", ...said, changed: changed.join(" ") });
}

/** @returns false when another node was faster. */
async function create(api: ResourceServer, resourceServers: ResourceServerStore): Promise<boolean> {
  try {
    await resourceServers.create(api);
    return true;
  } catch (err) {
    if (err instanceof LatchkeyError && err.code === "resource_server_exists") return false;
    throw err;
  }
}

function changedFacts(current: ResourceServer | undefined, api: ResourceServer): string[] {
  return Object.entries(api)
    .filter(([fact]) => fact !== "identifier")
    .filter(([fact, value]) => !isDeepStrictEqual(value, current && Reflect.get(current, fact)))
    .map(([fact]) => fact)
    .toSorted();
}

/** A client may be registered later than it is named; it is allowed at the next start. */
async function registeredOf(
  { identifier, clients = {} }: NewResourceServer,
  deps: DeclareApisDeps,
): Promise<ResourceServer["clients"]> {
  const registered: [string, readonly string[] | "all"][] = [];
  for (const [clientId, scopes] of Object.entries(clients)) {
    if ((await deps.clients.find(clientId)) === undefined) {
      const said = "a client that an API is declared for is not registered: start again once it is";
      deps.logger.warn({ api: identifier, clientId }, said);
    } else {
      registered.push([clientId, scopes]);
    }
  }
  return Object.fromEntries(registered);
}

async function releaseOthers(
  apis: readonly NewResourceServer[],
  { resourceServers, audit, logger }: DeclareApisDeps,
): Promise<void> {
  const declared = new Set(apis.map(({ identifier }) => normalizeResourceIdentifier(identifier)));
  for (const { identifier, managedBy } of await resourceServers.list()) {
    if (managedBy === undefined || declared.has(normalizeResourceIdentifier(identifier))) continue;
    await resourceServers.update(identifier, () => ({ managedBy: undefined }));
    audit({ event: "api.updated", outcome: "success", api: identifier, changed: "managedBy" });
    logger.warn(
      { api: identifier, file: managedBy },
      "an API left the file that declared it: it stays as it is; delete it with `latchkey api delete`",
    );
  }
}
