/** Who uses a server while it is measured: made through HTTP, before anything is measured. */
import { createHash } from "node:crypto";
import { authorize, createUserAgent, type UserAgent } from "../../test/support/user-agent.js";
import {
  API_SCOPE,
  OPAQUE_API,
  PASSWORD,
  REDIRECT_URI,
  type Credentials,
  type Registration,
} from "./registration.js";

/** A person who is signed in to an application. */
export interface Session {
  readonly clientId: string;
  /** Of the application, for the `Authorization` header. */
  readonly basic: string;
  readonly subject: string;
  /** As the browser sends it to the authorization endpoint. */
  readonly cookie: string;
  /** For userinfo. */
  readonly accessToken: string;
  /** Opaque, for `OPAQUE_API`. */
  readonly apiToken: string;
  /** The newest one: each use brings the next. */
  refreshToken: string;
}

export interface Population {
  /** Each for the `Authorization` header. */
  readonly machines: readonly string[];
  readonly api: string;
  readonly sessions: readonly Session[];
}

const CODE_VERIFIER = "a-verifier-of-this-benchmark-that-is-long-enough";
const CODE_CHALLENGE = createHash("sha256").update(CODE_VERIFIER).digest("base64url");

/** At once: the passwords are hashed in several threads. */
const SIGN_INS_AT_ONCE = 8;

export async function createPopulation(
  issuer: string,
  { machines, applications, api, people }: Registration,
): Promise<Population> {
  const sessions: Session[] = [];
  const waiting = people.map((username, i) => ({
    username,
    application: applications[i % applications.length] ?? api,
  }));
  const signInWaiting = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      sessions.push(await signIn(issuer, next.application, next.username));
    }
  };
  await Promise.all(Array.from({ length: SIGN_INS_AT_ONCE }, signInWaiting));
  return { machines: machines.map(basicOf), api: basicOf(api), sessions };
}

async function signIn(issuer: string, client: Credentials, username: string): Promise<Session> {
  const agent = createUserAgent(issuer);
  const person = { username, password: PASSWORD };
  const redeem = async (extra: Record<string, string>) => {
    const target = `${issuer}/auth?${authorizationQuery(client.clientId, extra)}`;
    const { searchParams } = await authorize(agent, target, person);
    return redeemCode(issuer, client, String(searchParams.get("code")));
  };
  const tokens = await redeem({ login_hint: username });
  const apiTokens = await redeem({ scope: API_SCOPE, resource: OPAQUE_API });
  return {
    clientId: client.clientId,
    basic: basicOf(client),
    subject: subjectOf(tokens["id_token"] ?? ""),
    cookie: sessionCookie(agent),
    accessToken: String(tokens["access_token"]),
    apiToken: String(apiTokens["access_token"]),
    refreshToken: String(tokens["refresh_token"]),
  };
}

async function redeemCode(
  issuer: string,
  client: Credentials,
  code: string,
): Promise<Record<string, string>> {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { Authorization: basicOf(client) },
    body: new URLSearchParams(codeExchange(code)),
  });
  if (!response.ok) throw new Error(`no tokens for a code: ${await response.text()}`);
  return (await response.json()) as Record<string, string>;
}

export function authorizationQuery(clientId: string, extra: Record<string, string> = {}): string {
  return new URLSearchParams({
    client_id: clientId,
    response_type: "code",
    scope: "openid profile email",
    redirect_uri: REDIRECT_URI,
    code_challenge: CODE_CHALLENGE,
    code_challenge_method: "S256",
    state: "0123456789abcdef",
    ...extra,
  }).toString();
}

export function codeExchange(code: string): Record<string, string> {
  return {
    grant_type: "authorization_code",
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: CODE_VERIFIER,
  };
}

export function basicOf({ clientId, clientSecret }: Credentials): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
}

function subjectOf(idToken: string): string {
  const payload = Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString();
  return String((JSON.parse(payload) as { sub: unknown }).sub);
}

function sessionCookie({ cookies }: UserAgent): string {
  return cookies
    .filter(({ path }) => path === "/")
    .map(({ name, value }) => `${name}=${value}`)
    .join("; ");
}
