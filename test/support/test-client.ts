import type { ClientMetadata, ClientPolicy } from "../../src/clients/client-store.js";
import type { TestServer } from "./test-server.js";

export const REDIRECT_URI = "http://localhost:9999/callback";

export interface TestClient {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly metadata: ClientMetadata;
}

/** A client as an administrator makes one: code and refresh grants, asked for consent. */
export async function createTestClient(
  server: TestServer,
  metadata: ClientMetadata = {},
  policy: Partial<ClientPolicy> = {},
): Promise<TestClient> {
  const whole = {
    client_name: "Test application",
    redirect_uris: [REDIRECT_URI],
    grant_types: ["authorization_code", "refresh_token"],
    ...metadata,
  };
  const { clientId, clientSecret } = await server.app.clientAdministration.create({
    metadata: whole,
    policy: {
      firstParty: false,
      directSignIn: false,
      secondStep: false,
      resourceServer: undefined,
      ...policy,
    },
    demonstration: false,
  });
  return { clientId, clientSecret, metadata: whole };
}

/** A client without redirect URIs, which gets tokens for itself. */
export function createMachineClient(
  server: TestServer,
  metadata: ClientMetadata = {},
  policy: Partial<ClientPolicy> = {},
): Promise<TestClient> {
  return createTestClient(
    server,
    { grant_types: ["client_credentials"], redirect_uris: [], response_types: [], ...metadata },
    policy,
  );
}

export const API = "https://api.example.com/orders";
export const OPAQUE_API = "https://api.example.com/opaque";

/** Two registered APIs, open to every client: `API` takes JWT access tokens, `OPAQUE_API` opaque ones. */
export async function createTestApis(server: TestServer): Promise<void> {
  const scopes = { "orders:read": "Read your orders", "orders:write": "Change your orders" };
  const shared = { scopes, open: true };
  const { resourceServers } = server.app;
  await resourceServers.create({
    ...shared,
    identifier: API,
    name: "Orders",
    accessTokenFormat: "jwt",
  });
  await resourceServers.create({
    ...shared,
    identifier: OPAQUE_API,
    name: "Orders, opaque",
    accessTokenFormat: "opaque",
  });
}

/** Its JWTs refer to a status list. */
export const LIST_API = "https://api.example.com/listed";

export async function createListApi({ app }: TestServer): Promise<void> {
  await app.resourceServers.create({
    identifier: LIST_API,
    name: "Orders, listed",
    scopes: { "orders:read": "Read your orders" },
    accessTokenFormat: "jwt",
    open: true,
    statusList: true,
  });
}
