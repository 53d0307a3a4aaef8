import { API, createTestApis, createTestClient, type TestClient } from "../test-client.js";
import type { TestServer } from "../test-server.js";

/** The applications that a load runs as. */
export interface LoadClients {
  /** Signs people in without asking for consent. */
  readonly web: TestClient;
  /** Gets tokens for itself, opaque ones and JWTs for `API`. */
  readonly machine: TestClient;
}

export { API };

export async function createLoadClients(server: TestServer): Promise<LoadClients> {
  await createTestApis(server);
  return {
    web: await createTestClient(server, {}, { firstParty: true }),
    machine: await createTestClient(server, {
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    }),
  };
}
