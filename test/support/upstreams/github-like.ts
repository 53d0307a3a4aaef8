import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { findFreePorts } from "../free-port.js";

export interface GitHubLike {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authentication: "client_secret_post";
  /** What it says of whoever signs in; changeable. */
  user: Record<string, unknown>;
  emails: unknown;
  /** `iss` of its answers; undefined: none. */
  responseIssuer: string | undefined;
  /** Where a browser comes back that agreed there. */
  signInAs(_person: unknown, authorizationUrl: string | URL): Promise<URL>;
  stop(): Promise<void>;
}

/**
 * OAuth as GitHub documents it for its own servers, which nobody can run beside tests: it answers 200
 * to what it refuses, numbers people, and tells addresses at another place.
 */
export async function startGitHubLike(): Promise<GitHubLike> {
  const [port] = await findFreePorts(1);
  const issuer = `http://127.0.0.1:${port}`;
  const challenges = new Map<string, string>();
  const state: GitHubLike = {
    issuer,
    clientId: "Iv1.0123456789abcdef",
    clientSecret: "a secret of GitHub",
    authentication: "client_secret_post",
    user: {
      id: 583231,
      login: "octocat",
      name: "The Octocat",
      email: "shown@example.com",
      html_url: "https://github.com/octocat",
    },
    emails: [
      { email: "old@example.com", primary: false, verified: true },
      { email: "octocat@example.com", primary: true, verified: true },
    ],
    responseIssuer: undefined,
    async signInAs(_person, authorizationUrl) {
      const response = await fetch(authorizationUrl, { redirect: "manual" });
      await response.body?.cancel();
      return new URL(String(response.headers.get("Location")));
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  function authorize(query: URLSearchParams): string {
    const code = randomUUID();
    challenges.set(code, String(query.get("code_challenge")));
    const back = new URL(String(query.get("redirect_uri")));
    back.searchParams.set("code", code);
    back.searchParams.set("state", String(query.get("state")));
    if (state.responseIssuer !== undefined) back.searchParams.set("iss", state.responseIssuer);
    return back.href;
  }

  function redeem(form: URLSearchParams): object {
    const isClient =
      form.get("client_id") === state.clientId && form.get("client_secret") === state.clientSecret;
    if (!isClient) return { error: "incorrect_client_credentials" };
    const code = String(form.get("code"));
    const verifier = String(form.get("code_verifier"));
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    const isGenuine = challenges.get(code) === challenge;
    challenges.delete(code);
    return isGenuine
      ? { access_token: "gho_token", token_type: "bearer", scope: "read:user,user:email" }
      : { error: "bad_verification_code", error_description: "incorrect or expired" };
  }

  async function answer(request: IncomingMessage): Promise<object | string | undefined> {
    const { pathname, searchParams } = new URL(request.url ?? "", issuer);
    if (pathname === "/login/oauth/authorize") return authorize(searchParams);
    if (pathname === "/login/oauth/access_token") {
      return redeem(new URLSearchParams(await text(request)));
    }
    if (request.headers.authorization !== "Bearer gho_token") return undefined;
    if (pathname === "/api/v3/user") return state.user;
    return pathname === "/api/v3/user/emails" ? Object(state.emails) : undefined;
  }

  const server = createServer((request, response) => {
    void answer(request).then((found) => {
      if (typeof found === "string") return response.writeHead(302, { Location: found }).end();
      if (found === undefined) return response.writeHead(404).end();
      response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" });
      return response.end(JSON.stringify(found));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return state;
}
