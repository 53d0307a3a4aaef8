import type { App } from "../app.js";
import { toApiDocument } from "../clients/api-document.js";
import { completeResourceServer } from "../clients/complete-resource-server.js";
import { findApiProblems } from "../clients/find-api-problems.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";
import type { ClientScopes, ResourceServer } from "../clients/resource-server-store.js";
import { LatchkeyError } from "../lib/errors.js";
import { applyApiOptions, type ApiOptions } from "./api-options.js";
import { formatTable, notFound, type CommandResult } from "./command.js";

type Apis = Pick<App, "resourceServers" | "clients" | "audit" | "managementApi">;

export async function createApi(
  app: Apis,
  given: string,
  options: ApiOptions,
): Promise<CommandResult> {
  const identifier = normalizeResourceIdentifier(given);
  const blank = completeResourceServer({
    identifier: given,
    name: identifier,
    scopes: {},
    accessTokenFormat: "jwt",
  });
  const api = applyApiOptions(blank, options);
  assertRight(api);
  await assertDefaultIsFree(app, api);
  await app.resourceServers.create(api);
  app.audit({ event: "api.created", outcome: "success", api: identifier, by: "administrator" });
  const text = [`Created the API "${identifier}".`, ...hintsFor(api)].join("\n");
  return { text, data: toApiDocument({ ...api, identifier }) };
}

export async function listApis(app: Apis): Promise<CommandResult> {
  const apis = await app.resourceServers.list();
  const rows = apis.map((api) => [
    api.identifier,
    api.name,
    api.accessTokenFormat,
    Object.keys(api.scopes).join(" "),
    api.open ? "every client" : `${Object.keys(api.clients).length} clients`,
    [api.default ? "default" : "", api.managedBy === undefined ? "" : "from a file"]
      .filter((note) => note !== "")
      .join(", "),
  ]);
  const header = ["IDENTIFIER", "NAME", "FORMAT", "SCOPES", "OPEN TO", "NOTE"];
  return { text: formatTable(header, rows), data: apis.map(describe) };
}

export async function showApi(app: Apis, given: string): Promise<CommandResult> {
  const api = await app.resourceServers.find(given);
  if (api === undefined) throw notFound("API", given);
  const data = describe(api);
  return { text: JSON.stringify(data, undefined, 2), data };
}

export async function updateApi(
  app: Apis,
  given: string,
  options: ApiOptions,
): Promise<CommandResult> {
  assertNotBuiltIn(app, given);
  if (options.default === true) await assertDefaultIsFree(app, { default: true });
  let before: ResourceServer | undefined;
  const api = await change(app, given, (current) => {
    before = current;
    return applyApiOptions(current, options);
  });
  const hints = before?.accessTokenAlgorithm === api.accessTokenAlgorithm ? [] : [ALGORITHM_HINT];
  const text = [`Changed the API "${api.identifier}".`, ...hints].join("\n");
  return { text, data: describe(api) };
}

/** @param scopes undefined: all that the API has, also later. */
export async function allowClient(
  app: Apis,
  { api: given, clientId, scopes }: { api: string; clientId: string; scopes?: readonly string[] },
): Promise<CommandResult> {
  if ((await app.clients.find(clientId)) === undefined) throw notFound("client", clientId);
  const allowed: ClientScopes = scopes ?? "all";
  const api = await change(app, given, (current) => ({
    clients: { ...current.clients, [clientId]: allowed },
  }));
  const what = allowed === "all" ? "all scopes" : allowed.join(" ") || "no scopes";
  const text = `The client "${clientId}" may ask for ${what} of "${api.identifier}".`;
  return { text, data: describe(api) };
}

export async function disallowClient(
  app: Apis,
  { api: given, clientId }: { api: string; clientId: string },
): Promise<CommandResult> {
  const api = await change(app, given, ({ clients: { [clientId]: listed, ...clients } }) => {
    if (listed === undefined) throw notFound("client allowed by this API", clientId);
    return { clients };
  });
  const text = api.open
    ? `The API "${api.identifier}" is open: "${clientId}" may now ask for all scopes, as every client may. Close it with: latchkey api update ${api.identifier} --no-open`
    : `The client "${clientId}" may not ask for tokens for "${api.identifier}" any more.`;
  return { text, data: describe(api) };
}

export async function deleteApi(app: Apis, given: string): Promise<CommandResult> {
  assertNotBuiltIn(app, given);
  const api = await app.resourceServers.find(given);
  if (api === undefined) throw notFound("API", given);
  assertNotManaged(api);
  const { identifier } = api;
  if (!(await app.resourceServers.delete(identifier))) throw notFound("API", given);
  app.audit({ event: "api.deleted", outcome: "success", api: identifier, by: "administrator" });
  const text = `Deleted the API "${identifier}" and the consents given for it. Its tokens are refused by introspection; an API that verifies them by itself takes them until they expire.`;
  return { text, data: { identifier } };
}

async function change(
  app: Apis,
  given: string,
  changesOf: (current: ResourceServer) => Partial<ResourceServer>,
): Promise<ResourceServer> {
  const api = await app.resourceServers.update(given, (current) => {
    assertNotManaged(current);
    const changes = changesOf(current);
    assertRight({ ...current, ...changes });
    return changes;
  });
  if (api === undefined) throw notFound("API", given);
  const { identifier } = api;
  app.audit({ event: "api.updated", outcome: "success", api: identifier, by: "administrator" });
  return api;
}

const ALGORITHM_HINT =
  "New tokens are signed with the new algorithm; those that were issued verify until they expire. An API with a list of algorithms must have both meanwhile.";

function hintsFor({ identifier, open, clients }: ResourceServer): string[] {
  return open || Object.keys(clients).length > 0
    ? []
    : [`No client may ask for its tokens yet: latchkey api allow ${identifier} <client-id>`];
}

function describe(api: ResourceServer) {
  return { ...toApiDocument(api), managed_by: api.managedBy ?? null };
}

/** By it this server is managed; only whom it allows is for administrators to say. */
function assertNotBuiltIn({ managementApi }: Apis, given: string): void {
  if (normalizeResourceIdentifier(given) !== managementApi) return;
  const message = `"${managementApi}" is this server's own API: it can be allowed to clients, and neither changed nor deleted.`;
  throw new LatchkeyError("api_built_in", message, { status: 409 });
}

function assertNotManaged({ identifier, managedBy }: ResourceServer): void {
  if (managedBy === undefined) return;
  const message = `The API "${identifier}" is declared in ${managedBy}: change it there and restart the server.`;
  throw new LatchkeyError("api_managed", message, { status: 409 });
}

/** What a file says is the default would be the default again at the next start. */
async function assertDefaultIsFree(
  app: Apis,
  wanted: Pick<ResourceServer, "default">,
): Promise<void> {
  const current = wanted.default ? await app.resourceServers.findDefault() : undefined;
  if (current?.managedBy === undefined) return;
  const message = `The default is "${current.identifier}", as ${current.managedBy} declares: change it there.`;
  throw new LatchkeyError("api_managed", message, { status: 409 });
}

/** @throws LatchkeyError `invalid_api` with all that is wrong. */
function assertRight(api: ResourceServer): void {
  const problems = findApiProblems(api).map(({ fact, problem }) => `${WORDS[fact]} ${problem}`);
  if (problems.length === 0) return;
  throw new LatchkeyError("invalid_api", `${problems.join(". ")}.`, { status: 400 });
}

const WORDS: Record<keyof ResourceServer, string> = {
  identifier: "The identifier",
  name: "The name",
  scopes: "A scope",
  accessTokenFormat: "The format",
  accessTokenAlgorithm: "The algorithm",
  accessTokenSeconds: "The lifetime",
  default: "The default",
  open: "Openness",
  clients: "A client",
  statusList: "The status list",
  publishMetadata: "The metadata",
  claims: "The mapping of claims",
  managedBy: "The file",
};
