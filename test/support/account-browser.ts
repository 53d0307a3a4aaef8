import type { TestServer } from "./test-server.js";
import { createUserAgent, type Page, type UserAgent } from "./user-agent.js";

export interface AccountPerson {
  readonly username: string;
  readonly password: string;
  readonly accountId: string;
}

let people = 0;

/** Somebody new, who has a confirmed address. */
export async function createPerson(
  server: TestServer,
  { password = "a long passphrase of somebody" }: { password?: string | undefined } = {},
): Promise<AccountPerson> {
  const username = `someone${++people}`;
  const { id } = await server.app.createAccount({
    username,
    email: `${username}@example.com`,
    emailVerified: true,
    profile: {},
    password,
  });
  return { username, password, accountId: id };
}

/** Signed in at the account's own pages, and opens one. */
export async function openAccount(
  server: TestServer,
  person: Pick<AccountPerson, "username" | "password">,
  path = "/security",
): Promise<{ agent: UserAgent; page: Page }> {
  const agent = createUserAgent(server.issuer);
  const login = await agent.open(`${server.issuer}/account/sign-in`);
  const fields = { identifier: person.username, password: person.password };
  await agent.submit(login, fields, { action: /\/sign-in$/ });
  return { agent, page: await agent.open(`${server.issuer}/account${path}`) };
}

export function noticeOf({ html }: Page): string {
  return /role="status">.*?<span>([^<]*)/s.exec(html)?.[1]?.replaceAll("&#39;", "'") ?? "";
}

export function headingOf({ html }: Page): string {
  return /<h1>([^<]*)/.exec(html)?.[1] ?? "";
}
