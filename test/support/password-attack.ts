import { rawRequest } from "./raw-request.js";
import type { TestServer } from "./test-server.js";
import { createUserAgent, type UserAgent } from "./user-agent.js";

export interface Guess {
  /** As a proxy tells it that the server trusts. */
  readonly address: string;
  readonly identifier: string;
  readonly password: string;
}

export interface AttackResult {
  /** Places in the list of the guesses that were compared with a hash. */
  readonly checked: readonly number[];
  /** Places of those that signed in. */
  readonly succeeded: readonly number[];
  /** How often each status was answered. */
  readonly statuses: Readonly<Record<number, number>>;
}

/** What the sign-in page answers when it looked at a password, and when it was the right one. */
const REFUSED = 422;
const SIGNED_IN = 303;

/** Posts every guess to `/account/sign-in`, `parallel` at a time. */
export async function attackPasswords(
  { issuer }: Pick<TestServer, "issuer">,
  guesses: readonly Guess[],
  parallel = 50,
): Promise<AttackResult> {
  const { headers, fields } = await readForm(issuer);
  const checked: number[] = [];
  const succeeded: number[] = [];
  const statuses: Record<number, number> = {};
  let next = 0;

  async function guessOn(): Promise<void> {
    const index = next++;
    const guess = guesses[index];
    if (guess === undefined) return;
    const { address, identifier, password } = guess;
    const { status } = await rawRequest(`${issuer}/account/sign-in`, {
      method: "POST",
      headers: { ...headers, "X-Forwarded-For": address },
      body: new URLSearchParams({ ...fields, identifier, password }).toString(),
    });
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (status === REFUSED || status === SIGNED_IN) checked.push(index);
    if (status === SIGNED_IN) succeeded.push(index);
    return guessOn();
  }

  await Promise.all(Array.from({ length: parallel }, guessOn));
  return { checked: checked.toSorted((a, b) => a - b), succeeded, statuses };
}

/** The form needs no state of the server: one is enough for all guesses. */
async function readForm(issuer: string) {
  const agent = createUserAgent(issuer);
  const { html } = await agent.open(`${issuer}/account/sign-in`);
  const token = /name="csrf_token" value="([^"]+)"/.exec(html)?.[1] ?? "";
  return {
    fields: { csrf_token: token, to: "security" },
    headers: {
      Origin: new URL(issuer).origin,
      "Content-Type": "application/x-www-form-urlencoded",
      Accept: "text/html",
      Cookie: agent.cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
    },
  };
}

/** A browser that has nothing left of its sign-in but what it is known by. */
export async function createKnownDevice(
  server: Pick<TestServer, "issuer" | "username" | "password">,
  address: string,
): Promise<UserAgent> {
  const agent = createUserAgent(server.issuer, { address });
  if (!(await signsIn(agent, server))) throw new Error("the device could not sign in");
  const known = agent.cookies.filter(({ name }) => name.endsWith("latchkey_device"));
  agent.cookies.splice(0, agent.cookies.length, ...known);
  return agent;
}

/** Whether the person gets in at this browser now; it keeps nothing of that but what it is known by. */
export async function signsIn(
  agent: UserAgent,
  { issuer, username, password }: Pick<TestServer, "issuer" | "username" | "password">,
): Promise<boolean> {
  const page = await agent.open(`${issuer}/account/sign-in`);
  const fields = { identifier: username, password };
  const answer = await agent.submit(page, fields, { action: /\/sign-in$/ });
  const isSignedIn = answer.status === 200 && !answer.url.pathname.endsWith("/sign-in");
  const known = agent.cookies.filter(({ name }) => name.endsWith("latchkey_device"));
  agent.cookies.splice(0, agent.cookies.length, ...known);
  return isSignedIn;
}

/** Of `198.18.0.0/15`, which is for tests (RFC 2544). */
export function addressOf(index: number): string {
  return `198.${18 + ((index >> 16) & 1)}.${(index >> 8) & 255}.${index & 255}`;
}
