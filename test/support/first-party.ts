import { createHash, randomBytes } from "node:crypto";
import type { ClientMetadata } from "../../src/clients/client-store.js";
import { rawRequest, type RawAnswer } from "./raw-request.js";
import { createTestClient, type TestClient } from "./test-client.js";
import type { TestServer } from "./test-server.js";
import { basic } from "./token-endpoint.js";

/** An application that an administrator trusts with people's passwords. */
export function createDirectClient(
  server: TestServer,
  metadata: ClientMetadata = {},
): Promise<TestClient> {
  return createTestClient(server, metadata, { firstParty: true, directSignIn: true });
}

/** One that anybody could pretend to be: it has no secret. */
export function createNativeDirectClient(
  server: TestServer,
  metadata: ClientMetadata = {},
): Promise<TestClient> {
  return createDirectClient(server, {
    application_type: "native",
    token_endpoint_auth_method: "none",
    redirect_uris: ["com.example.app:/callback"],
    ...metadata,
  });
}

export interface Sending {
  readonly client?: TestClient;
  readonly headers?: Record<string, string>;
}

/** Posts a JSON object, authenticated as `client` when given. */
export function postJson(
  url: string,
  body: object,
  { client, headers = {} }: Sending = {},
): Promise<RawAnswer> {
  return rawRequest(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      ...(client === undefined ? {} : { Authorization: basic(client) }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
}

export function membersOf({ body }: RawAnswer): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}

/** PKCE (RFC 7636 §4). */
export function createChallenge() {
  const verifier = randomBytes(32).toString("base64url");
  return {
    verifier,
    parameters: {
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    },
  };
}
