import { rawRequest, type RawAnswer } from "./raw-request.js";
import type { TestClient } from "./test-client.js";
import type { TestServer } from "./test-server.js";

export interface Registered extends TestClient {
  readonly registrationUri: string;
  readonly registrationToken: string;
}

/** Sends client metadata as JSON; `token` is an initial or a registration access token. */
export function sendMetadata(
  url: string,
  metadata: unknown,
  { method = "POST", token }: { method?: "POST" | "PUT"; token?: string | undefined } = {},
): Promise<RawAnswer> {
  return rawRequest(url, {
    method,
    headers: {
      "Content-Type": "application/json",
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(metadata),
  });
}

/** Registers a client dynamically (RFC 7591), with an initial access token made for it. */
export async function register(
  server: TestServer,
  metadata: Record<string, unknown>,
): Promise<Registered> {
  const token = await server.app.clientAdministration.createInitialAccessToken(60);
  const url = `${server.issuer}/clients/register`;
  const answer = await sendMetadata(url, metadata, { token });
  if (answer.status !== 201) throw new Error(`not registered: ${answer.body}`);
  const body = JSON.parse(answer.body) as Record<string, string>;
  return {
    clientId: body["client_id"] ?? "",
    clientSecret: body["client_secret"],
    metadata: body,
    registrationUri: body["registration_client_uri"] ?? "",
    registrationToken: body["registration_access_token"] ?? "",
  };
}
