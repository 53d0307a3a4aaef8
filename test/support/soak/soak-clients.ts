import { SignJWT } from "jose";
import { randomUUID } from "node:crypto";
import { generateDpopKey, signDpopProof } from "../dpop-proof.js";
import { createLoadClients, type LoadClients } from "../load/load-clients.js";
import { createMachineClient, createTestClient, type TestClient } from "../test-client.js";
import { createTestKey } from "../test-key.js";
import type { TestServer } from "../test-server.js";

export interface SoakClients extends LoadClients {
  readonly device: TestClient;
  /** The form of a token request, signed anew at each call. */
  createAssertion(): Promise<Record<string, string>>;
  createDpopProof(): Promise<string>;
}

export const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

export async function createSoakClients(server: TestServer): Promise<SoakClients> {
  const key = await createTestKey();
  const signing = await createMachineClient(server, {
    token_endpoint_auth_method: "private_key_jwt",
    jwks: key.jwks,
  });
  const dpopKey = await generateDpopKey();
  return {
    ...(await createLoadClients(server)),
    device: await createTestClient(
      server,
      { grant_types: [DEVICE_GRANT], redirect_uris: [], response_types: [] },
      { firstParty: true },
    ),
    async createAssertion() {
      const { clientId } = signing;
      const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: server.issuer })
        .setProtectedHeader({ alg: "ES256", kid: key.kid })
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime("20 seconds")
        .sign(key.key);
      return {
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      };
    },
    createDpopProof: () =>
      signDpopProof(dpopKey, { method: "POST", url: `${server.issuer}/token` }),
  };
}
