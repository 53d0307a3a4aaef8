import {
  createHash,
  createHmac,
  generateKeyPairSync,
  randomUUID,
  type KeyObject,
} from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { base64url, SignJWT } from "jose";
import { findFreePorts } from "./free-port.js";
import type { Upstream } from "./upstreams/upstream.js";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What it does otherwise than the standards say; of each object, what is undefined is left out. */
export interface Lie {
  readonly claims?: Readonly<Record<string, unknown>>;
  /** How ID tokens are signed instead of by the key that it publishes. */
  readonly signature?: "of another key" | "none" | "HS256" | "broken";
  readonly userinfo?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Parameters with which browsers are sent back. */
  readonly callback?: Readonly<Record<string, string | undefined>>;
  /** By path: `/.well-known/openid-configuration`, `/jwks`, `/token`, `/userinfo`. */
  readonly answers?: Readonly<Record<string, Answer>>;
}

/** A provider that keeps to the standards in all but what it was told to lie about. */
export interface HostileUpstream extends Pick<
  Upstream,
  "issuer" | "clientId" | "clientSecret" | "authentication"
> {
  lie: Lie;
  /** `GET /path`, in the order in which they came. */
  readonly requests: readonly string[];
  /** Signs with another key from now on, and publishes that alone. */
  changeKey(): void;
  /**
   * What a browser would: signs in without a question, as somebody of whom no other provider knows
   * unless a subject is given.
   *
   * @returns our callback with its parameters.
   */
  signIn(authorizationUrl: string | URL, subject?: string): URL;
  /** A good one, with these claims in place of its own. */
  signLogoutToken(claims: Readonly<Record<string, unknown>>): Promise<string>;
  stop(): Promise<void>;
}

const CLIENT_ID = "latchkey";
const CLIENT_SECRET = "the hostile one and its client share this";

interface Code {
  readonly nonce: string | null;
  readonly challenge: string | null;
  readonly subject: string;
}

export async function startHostileUpstream(firstLie: Lie = {}): Promise<HostileUpstream> {
  const [port = 0] = await findFreePorts(1);
  const issuer = `http://127.0.0.1:${port}`;
  const requests: string[] = [];
  const codes = new Map<string, Code>();
  const subjects = new Map<string, string>();
  let key = newKey();
  let lastCode = 0;

  const self: HostileUpstream = {
    issuer,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    authentication: "client_secret_basic",
    lie: firstLie,
    requests,
    changeKey: () => {
      key = newKey(String(Number(key.kid) + 1));
    },
    signIn(authorizationUrl, subject = `person-at-${port}`) {
      const { searchParams } = new URL(authorizationUrl);
      const code = `code-${++lastCode}`;
      const challenge = searchParams.get("code_challenge");
      codes.set(code, { nonce: searchParams.get("nonce"), challenge, subject });
      const state = searchParams.get("state") ?? "";
      const parameters = { code, state, iss: issuer, ...self.lie.callback };
      const callback = new URL(searchParams.get("redirect_uri") ?? "");
      callback.search = new URLSearchParams(without(parameters)).toString();
      return callback;
    },
    signLogoutToken(claims) {
      const now = Math.floor(Date.now() / 1000);
      const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
      const good = {
        iss: issuer,
        aud: CLIENT_ID,
        iat: now,
        exp: now + 120,
        jti: randomUUID(),
        events,
      };
      return sign(without({ ...good, ...claims }), key, self.lie.signature);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answerToken(request: IncomingMessage): Promise<object> {
    const form = new URLSearchParams(await read(request));
    const code = codes.get(form.get("code") ?? "");
    if (code === undefined) return { error: "invalid_grant" };
    const verifier = form.get("code_verifier") ?? "";
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    // Whoever checks nothing: then it is our own checks that count.
    const isChecked = self.lie.metadata?.["code_challenge_methods_supported"] !== undefined;
    if (isChecked && challenge !== code.challenge) return { error: "invalid_grant" };
    const accessToken = `access-${form.get("code")}`;
    subjects.set(accessToken, code.subject);
    const now = Math.floor(Date.now() / 1000);
    const claims = without({
      iss: issuer,
      aud: CLIENT_ID,
      sub: code.subject,
      nonce: code.nonce,
      iat: now,
      exp: now + 300,
      ...self.lie.claims,
    });
    const id_token = await sign(claims, key, self.lie.signature);
    return { access_token: accessToken, token_type: "Bearer", expires_in: 300, id_token };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", issuer).pathname;
    requests.push(`${request.method} ${path}`);
    const lie = self.lie.answers?.[path];
    if (lie !== undefined) return lie(request, response);
    if (path === "/.well-known/openid-configuration") {
      sendJson(response, without({ ...metadataOf(issuer), ...self.lie.metadata }));
    } else if (path === "/jwks") sendJson(response, { keys: [publicJwk(key)] });
    else if (path === "/token") {
      const body = await answerToken(request);
      sendJson(response, body, "error" in body ? 400 : 200);
    } else if (path === "/userinfo") {
      const sub = subjects.get(request.headers.authorization?.slice("Bearer ".length) ?? "");
      const email = `${sub}@example.com`;
      sendJson(response, without({ sub, email, email_verified: true, ...self.lie.userinfo }));
    } else response.writeHead(404).end();
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return self;
}

function metadataOf(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    token_endpoint_auth_methods_supported: ["client_secret_basic"],
    authorization_response_iss_parameter_supported: true,
  };
}

interface Key {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function newKey(kid = "1"): Key {
  return { kid, ...generateKeyPairSync("rsa", { modulusLength: 2048 }) };
}

function publicJwk({ kid, publicKey }: Key) {
  return { ...publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" };
}

async function sign(claims: object, key: Key, lie: Lie["signature"]): Promise<string> {
  if (lie === "none" || lie === "HS256") {
    const parts = [{ alg: lie, kid: key.kid }, claims];
    const input = parts.map((part) => base64url.encode(JSON.stringify(part))).join(".");
    const mac = createHmac("sha256", CLIENT_SECRET).update(input).digest("base64url");
    return `${input}.${lie === "none" ? "" : mac}`;
  }
  const { privateKey } = lie === "of another key" ? newKey() : key;
  const token = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "RS256", kid: key.kid })
    .sign(privateKey);
  if (lie !== "broken") return token;
  const at = token.lastIndexOf(".") + 10;
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
}

function without<T extends object>(values: T): Record<string, NonNullable<T[keyof T]>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function sendJson(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

/** Ways of not answering, for `Lie.answers`. */
export const NO_ANSWERS = {
  "answers garbage": (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json" }).end('{"issuer": <html>');
  },
  "answers with a page": (_request, response) => {
    response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Welcome</h1>");
  },
  "answers a list": (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json" }).end("[]");
  },
  "answers with 10 MB": (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(`{"padding":"${"x".repeat(10_000_000)}"}`);
  },
  "fails with 500": (_request, response) => {
    response.writeHead(500, { "Content-Type": "text/plain" }).end("it failed");
  },
  "closes the connection": (request) => {
    request.socket.destroy();
  },
  "closes the connection in the middle of its answer": (request, response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
    response.write('{"iss', () => request.socket.destroy());
  },
} satisfies Readonly<Record<string, Answer>>;
