import type { App } from "../app.js";
import type { ClientMetadata, ClientRecord, PolicyChanges } from "../clients/client-store.js";
import { LatchkeyError } from "../lib/errors.js";
import { allPages } from "./account-commands.js";
import { formatTable, notFound, type CommandResult } from "./command.js";

type Clients = Pick<App, "resourceServers" | "clients" | "clientAdministration">;

export interface CreateClientOptions {
  readonly name: string | undefined;
  readonly type: "web" | "spa" | "native" | "machine";
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri: string | undefined;
  readonly firstParty: boolean;
  readonly directSignIn: boolean;
  readonly secondStep: boolean;
  readonly colour: string | undefined;
  /** An API that is registered, in whatever spelling. */
  readonly resourceServer: string | undefined;
}

/** What each kind of client registers, so that operators choose a word and not six fields. */
const METADATA_BY_TYPE = {
  web: {
    application_type: "web",
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  },
  spa: {
    application_type: "web",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  },
  native: {
    application_type: "native",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  },
  machine: {
    application_type: "web",
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["client_credentials"],
    response_types: [],
  },
} as const;

export async function createClient(
  app: Clients,
  options: CreateClientOptions,
): Promise<CommandResult> {
  const api = options.resourceServer;
  const resourceServer = api === undefined ? undefined : await app.resourceServers.find(api);
  if (api !== undefined && resourceServer === undefined) throw notFound("API", api);
  const { clientId, clientSecret } = await app.clientAdministration.create({
    metadata: {
      ...METADATA_BY_TYPE[options.type],
      ...(options.name === undefined ? {} : { client_name: options.name }),
      redirect_uris: options.redirectUris,
      post_logout_redirect_uris: options.postLogoutRedirectUris,
      ...backchannelLogout(options.backchannelLogoutUri),
    },
    policy: {
      firstParty: options.firstParty,
      directSignIn: options.directSignIn,
      secondStep: options.secondStep,
      ...(options.colour === undefined ? {} : { colour: options.colour.toLowerCase() }),
      resourceServer: resourceServer?.identifier,
    },
    demonstration: false,
  });
  return {
    text: `client_id      ${clientId}${secretLine(clientSecret)}`,
    data: { client_id: clientId, client_secret: clientSecret ?? null },
  };
}

/** With the session, so that a logout that arrives late ends no later session (decision 0019). */
function backchannelLogout(uri: string | undefined): ClientMetadata {
  if (uri === undefined) return {};
  return { backchannel_logout_uri: uri, backchannel_logout_session_required: true };
}

export async function listClients(app: Clients): Promise<CommandResult> {
  const records = await allPages(
    (after: string | undefined) =>
      app.clients.list(after === undefined ? { limit: 500 } : { after, limit: 500 }),
    ({ clientId }) => clientId,
  );
  const rows = records.map((record) => [
    record.clientId,
    clientName(record),
    record.policy.firstParty ? "first-party" : "third-party",
    record.createdBy,
  ]);
  return {
    text: formatTable(["CLIENT ID", "NAME", "PARTY", "CREATED BY"], rows),
    data: records.map(describe),
  };
}

export async function showClient(app: Clients, clientId: string): Promise<CommandResult> {
  const record = await app.clients.find(clientId);
  if (record === undefined) throw notFound("client", clientId);
  const data = describe(record);
  return { text: JSON.stringify(data, undefined, 2), data };
}

export interface UpdateClientOptions {
  readonly requireSecondStep?: true;
  readonly allowOneStep?: true;
  readonly color?: string;
  readonly defaultColor?: true;
}

export async function updateClient(
  app: Pick<App, "clientAdministration">,
  clientId: string,
  options: UpdateClientOptions,
): Promise<CommandResult> {
  const changes = readChanges(options);
  const { secondStep, colour } = changes;
  if (secondStep === undefined && colour === undefined) {
    const message =
      "Say what to change: --require-second-step, --allow-one-step, --color or --default-color.";
    throw new LatchkeyError("nothing_to_change", message, { status: 400 });
  }
  await app.clientAdministration.change(clientId, changes);
  return {
    text: describeChanges(clientId, changes).join("\n"),
    data: { client_id: clientId, second_step: secondStep, color: colour },
  };
}

function readChanges(options: UpdateClientOptions): PolicyChanges {
  const { requireSecondStep, allowOneStep, color, defaultColor } = options;
  return {
    ...(requireSecondStep && { secondStep: true }),
    ...(allowOneStep && { secondStep: false }),
    ...(color !== undefined && { colour: color.toLowerCase() }),
    ...(defaultColor && { colour: null }),
  };
}

function describeChanges(clientId: string, { secondStep, colour }: PolicyChanges): string[] {
  const steps = {
    true: `People sign in to "${clientId}" with a second step from now on.`,
    false: `"${clientId}" asks for no second step of its own any more.`,
  };
  const colours =
    colour === null
      ? `The pages about "${clientId}" look like all others.`
      : `The pages about "${clientId}" are in ${colour}.`;
  return [
    ...(secondStep === undefined ? [] : [steps[`${secondStep}`]]),
    ...(colour === undefined ? [] : [colours]),
  ];
}

export async function deleteClient(app: Clients, clientId: string): Promise<CommandResult> {
  if (!(await app.clientAdministration.delete(clientId))) throw notFound("client", clientId);
  return { text: `Deleted the client "${clientId}".`, data: { client_id: clientId } };
}

export async function rotateClientSecret(app: Clients, clientId: string): Promise<CommandResult> {
  const { clientSecret } = await app.clientAdministration.rotateSecret(clientId);
  return {
    text: `client_id      ${clientId}${secretLine(clientSecret)}`,
    data: { client_id: clientId, client_secret: clientSecret },
  };
}

export async function createInitialAccessToken(
  app: Clients,
  expiresInSeconds: number | undefined,
): Promise<CommandResult> {
  const token = await app.clientAdministration.createInitialAccessToken(expiresInSeconds);
  return {
    text: `${token}\n(shown once; clients register with it as a bearer token)`,
    data: { initial_access_token: token, expires_in: expiresInSeconds ?? null },
  };
}

function clientName({ metadata }: ClientRecord): string {
  const name = metadata["client_name"];
  return typeof name === "string" ? name : "";
}

function secretLine(secret: string | undefined): string {
  return secret === undefined ? "" : `\nclient_secret  ${secret}\n(the secret is shown once)`;
}

function describe({ clientId, metadata, policy, createdBy, createdAtSeconds }: ClientRecord) {
  return {
    client_id: clientId,
    ...metadata,
    first_party: policy.firstParty,
    direct_sign_in: policy.directSignIn,
    second_step: policy.secondStep,
    color: policy.colour ?? null,
    resource_server: policy.resourceServer ?? null,
    created_by: createdBy,
    created_at: createdAtSeconds,
  };
}
