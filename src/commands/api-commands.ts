import type { App } from "../app.js";
import {
  findIdentifierProblem,
  normalizeResourceIdentifier,
} from "../clients/resource-identifier.js";
import type { AccessTokenAlgorithm } from "../clients/resource-server-store.js";
import { LatchkeyError } from "../lib/errors.js";
import { formatTable, notFound, type CommandResult } from "./command.js";

type Apis = Pick<App, "resourceServers">;

export interface CreateApiOptions {
  readonly identifier: string;
  readonly name: string | undefined;
  /** Each `value=what it lets an application do`. */
  readonly scopes: readonly string[];
  readonly format: "jwt" | "opaque";
  readonly algorithm: AccessTokenAlgorithm | undefined;
  readonly accessTokenSeconds: number | undefined;
  readonly open: boolean;
}

export async function createApi(app: Apis, options: CreateApiOptions): Promise<CommandResult> {
  const identifier = parseIdentifier(options.identifier);
  await app.resourceServers.create({
    identifier,
    name: options.name ?? identifier,
    scopes: Object.fromEntries(options.scopes.map(parseScope)),
    accessTokenFormat: options.format,
    accessTokenAlgorithm: options.algorithm,
    accessTokenSeconds: options.accessTokenSeconds,
    open: options.open,
  });
  return { text: `Created the API "${identifier}".`, data: { identifier } };
}

export async function listApis(app: Apis): Promise<CommandResult> {
  const apis = await app.resourceServers.list();
  const rows = apis.map((api) => [
    api.identifier,
    api.name,
    api.accessTokenFormat,
    Object.keys(api.scopes).join(" "),
  ]);
  return { text: formatTable(["IDENTIFIER", "NAME", "FORMAT", "SCOPES"], rows), data: apis };
}

export async function deleteApi(app: Apis, given: string): Promise<CommandResult> {
  const identifier = normalizeResourceIdentifier(given);
  if (!(await app.resourceServers.delete(identifier))) throw notFound("API", given);
  return { text: `Deleted the API "${identifier}".`, data: { identifier } };
}

/** RFC 8707 §2: an absolute URI without a fragment. */
function parseIdentifier(given: string): string {
  const problem = findIdentifierProblem(given);
  if (problem !== undefined) {
    const message = `The identifier ${problem}; it is "${given}".`;
    throw new LatchkeyError("invalid_api", message, { status: 400 });
  }
  return normalizeResourceIdentifier(given);
}

/** RFC 6749 §3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

function parseScope(given: string): [string, string] {
  const [value = "", ...words] = given.split("=");
  if (!SCOPE_TOKEN.test(value)) {
    const message = `A scope is written as value="what it allows", such as orders:read="Read your orders"; it is "${given}".`;
    throw new LatchkeyError("invalid_api", message, { status: 400 });
  }
  return [value, words.join("=") || value];
}
