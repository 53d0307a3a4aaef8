import { createHash, randomBytes } from "node:crypto";
import type { RawRequest } from "../raw-request.js";
import { REDIRECT_URI, type TestClient } from "../test-client.js";
import { basic } from "../token-endpoint.js";

export interface AuthorizationRequest {
  readonly path: string;
  readonly codeVerifier: string;
}

export function authorizationRequest(
  { clientId }: TestClient,
  parameters: Record<string, string> = {},
): AuthorizationRequest {
  const codeVerifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: "code",
    scope: "openid profile email",
    redirect_uri: REDIRECT_URI,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
    ...parameters,
  });
  return { path: `/auth?${query}`, codeVerifier };
}

export function codeExchange(code: string, codeVerifier: string): Record<string, string> {
  return {
    grant_type: "authorization_code",
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: codeVerifier,
  };
}

export function form(client: TestClient, fields: Record<string, string>): RawRequest {
  return {
    method: "POST",
    headers: {
      Authorization: basic(client),
      "Content-Type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams(fields).toString(),
  };
}

export const bearer = (token: string): RawRequest => ({
  headers: { Authorization: `Bearer ${token}` },
});
