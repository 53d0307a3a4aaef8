/**
 * An application as a customer would write it: a server-side web application on openid-client that
 * is given the issuer's URL and its credentials, and nothing else of the server. It runs on
 * 127.0.0.1, which is another site than the issuer's localhost.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { randomUUID } from "node:crypto";
import * as client from "openid-client";
import type { TestServer } from "./test-server.js";

export interface WebApplication {
  readonly origin: string;
  readonly clientId: string;
  /** Where its "Sign in" link leads; parameters go into the authorization request. */
  loginUrl(parameters?: Record<string, string>): string;
  /** Newest last: what each completed sign-in brought, verified by the library. */
  readonly signIns: readonly CompletedSignIn[];
  close(): Promise<void>;
}

export interface CompletedSignIn {
  readonly claims: client.IDToken;
  readonly userinfo: client.UserInfoResponse;
  readonly tokens: client.TokenEndpointResponse;
}

/** Registers itself by RFC 7591 with an initial access token. */
export async function startWebApplication(
  server: TestServer,
  metadata: Partial<client.ClientMetadata> = {},
): Promise<WebApplication> {
  const initialAccessToken = await server.app.clientAdministration.createInitialAccessToken(60);
  let answer: Answer = async () => page("Not ready", "");
  const http = createServer((req, res) => {
    void answer(req).then(
      (reply) => send(res, reply),
      (err: unknown) => send(res, page("Broken", escapeHtml(String(err)), 500)),
    );
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  const config = await client.dynamicClientRegistration(
    new URL(server.issuer),
    {
      client_name: "Notes",
      redirect_uris: [`${origin}/callback`],
      post_logout_redirect_uris: [`${origin}/logged-out`],
      ...metadata,
    },
    undefined,
    { initialAccessToken, execute: [client.allowInsecureRequests] },
  );
  const signIns: CompletedSignIn[] = [];
  answer = createAnswer(config, origin, signIns);

  return {
    origin,
    clientId: config.clientMetadata().client_id,
    loginUrl: (parameters = {}) =>
      `${origin}/login?${new URLSearchParams({ scope: "openid profile email", ...parameters })}`,
    signIns,
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

type Answer = (req: IncomingMessage) => Promise<Reply>;

interface Checks {
  readonly pkceCodeVerifier: string;
  readonly expectedState: string;
  readonly expectedNonce: string;
}

function createAnswer(
  config: client.Configuration,
  origin: string,
  signIns: CompletedSignIn[],
): Answer {
  /** By state: requests under way. */
  const begun = new Map<string, Checks>();
  /** By session cookie. */
  const sessions = new Map<string, CompletedSignIn>();

  return async (req) => {
    const url = new URL(req.url ?? "/", origin);
    const sessionId = /(?:^|; )notes=([^;]+)/.exec(req.headers.cookie ?? "")?.[1] ?? "";
    switch (url.pathname) {
      case "/":
        return showHome(sessions.get(sessionId));
      case "/login":
        return begin(url.searchParams);
      case "/callback":
        return finish(req, url, sessions.get(sessionId));
      case "/logout": {
        const tokens = sessions.get(sessionId)?.tokens;
        sessions.delete(sessionId);
        return redirect(
          client.buildEndSessionUrl(config, {
            post_logout_redirect_uri: `${origin}/logged-out`,
            ...(tokens?.id_token === undefined ? {} : { id_token_hint: tokens.id_token }),
          }).href,
        );
      }
      case "/logged-out":
        return page("Signed out of Notes", "");
      default:
        return { status: 204, headers: {}, body: "" };
    }
  };

  async function begin(parameters: URLSearchParams): Promise<Reply> {
    const checks: Checks = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
    };
    begun.set(checks.expectedState, checks);
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: `${origin}/callback`,
      code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: "S256",
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      ...Object.fromEntries(parameters),
    });
    return redirect(url.href);
  }

  async function finish(
    req: IncomingMessage,
    url: URL,
    known: CompletedSignIn | undefined,
  ): Promise<Reply> {
    const form = req.method === "POST" ? await readBody(req) : undefined;
    const answered = form === undefined ? url.searchParams : new URLSearchParams(form);
    const checks = begun.get(answered.get("state") ?? "");
    // An answer that was redeemed before, as after Back: whoever is signed in goes on.
    if (checks === undefined && known !== undefined) return redirect("/");
    if (checks === undefined) return page("Not signed in", "nobody asked for this answer");
    begun.delete(checks.expectedState);
    try {
      const request = form === undefined ? url : new Request(url, postOf(form));
      const tokens = await client.authorizationCodeGrant(config, request, checks);
      const claims = tokens.claims();
      if (claims === undefined) throw new TypeError("no ID token");
      const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
      const signIn = { claims, userinfo, tokens };
      signIns.push(signIn);
      const sessionId = randomUUID();
      sessions.set(sessionId, signIn);
      return redirect("/", { "Set-Cookie": `notes=${sessionId}; Path=/; HttpOnly` });
    } catch (err) {
      if (err instanceof client.AuthorizationResponseError) {
        return page("Not signed in", escapeHtml(err.error));
      }
      throw err;
    }
  }
}

function showHome(signIn: CompletedSignIn | undefined): Reply {
  if (signIn === undefined) return page("Notes", `<a href="/login?scope=openid">Sign in</a>`);
  const name = escapeHtml(signIn.userinfo.name ?? signIn.claims.sub);
  return page(`Notes of ${name}`, `<a href="/logout">Sign out</a>`);
}

function page(heading: string, content: string, status = 200): Reply {
  const body = `<!doctype html><html lang="en"><title>${heading}</title><link rel="icon" href="data:,"><h1>${heading}</h1><p id="content">${content}</p>`;
  return { status, headers: { "Content-Type": "text/html; charset=utf-8" }, body };
}

function redirect(location: string, headers: Record<string, string> = {}): Reply {
  return { status: 303, headers: { Location: location, ...headers }, body: "" };
}

function send(res: ServerResponse, { status, headers, body }: Reply): void {
  res.writeHead(status, headers);
  res.end(body);
}

function postOf(body: string): RequestInit {
  return {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body,
  };
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
