import { rawRequest, type RawAnswer } from "./raw-request.js";
import type { TestClient } from "./test-client.js";

/** `Authorization: Basic`, whose parts are form-encoded first (RFC 6749 §2.3.1). */
export function basic({ clientId, clientSecret = "" }: TestClient): string {
  const part = (text: string) => new URLSearchParams({ "": text }).toString().slice(1);
  return `Basic ${Buffer.from(`${part(clientId)}:${part(clientSecret)}`).toString("base64")}`;
}

/** Posts a form to an endpoint of the server, authenticated as `client` when given. */
export function postForm(
  url: string | URL,
  fields: Record<string, string> | [string, string][],
  { client, headers = {} }: { client?: TestClient; headers?: Record<string, string> } = {},
): Promise<RawAnswer> {
  return rawRequest(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
      ...(client === undefined ? {} : { Authorization: basic(client) }),
      ...headers,
    },
    body: new URLSearchParams(fields).toString(),
  });
}
