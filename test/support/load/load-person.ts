import { setTimeout as delay } from "node:timers/promises";
import type { TestClient } from "../test-client.js";
import { createUserAgent, type Page, type UserAgent } from "../user-agent.js";
import type { LoadLedger } from "./load-ledger.js";
import { authorizationRequest } from "./load-requests.js";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface LoadPersonDeps {
  readonly issuer: string;
  readonly client: TestClient;
  readonly credentials: Credentials;
  readonly ledger: LoadLedger;
  readonly isOver: () => boolean;
}

/** A person at a browser of their own. */
export interface LoadPerson {
  /** Signs in, however often it takes; undefined when the load ends. */
  signIn(): Promise<Session | undefined>;
  /** @returns whether the page said that it is done; else nobody knows. */
  signOut(): Promise<boolean>;
}

export interface Session {
  readonly cookie: string;
  /** Of the ledger, when the sign-in began. */
  readonly epoch: number;
}

const RETRY_MS = 250;

export function createLoadPerson(deps: LoadPersonDeps): LoadPerson {
  const { issuer, client, credentials, ledger, isOver } = deps;
  let agent: UserAgent = createUserAgent(issuer);

  /** @returns undefined for a page that can't be had now. */
  async function look(name: string, act: () => Promise<Page>): Promise<Page | undefined> {
    const startedAt = performance.now();
    try {
      const page = await act();
      const answer = { status: page.status, headers: Object.fromEntries(page.headers) };
      ledger.record(answer, { name, tookMs: performance.now() - startedAt });
      return page.status === 503 ? undefined : page;
    } catch (err) {
      if (!(err instanceof TypeError)) throw err; // not a connection that broke
      ledger.counts.requests++;
      ledger.counts.cut++;
      return undefined;
    }
  }

  async function trySignIn(): Promise<Session | undefined> {
    const { epoch } = ledger;
    agent = createUserAgent(issuer);
    const { path } = authorizationRequest(client);
    const login = await look("login page", () => agent.open(issuer + path));
    if (login === undefined) return undefined;
    const { username: identifier, password } = credentials;
    const end = await look("sign-in", () =>
      agent.submit(login, { identifier, password }, { action: /\/login$/ }),
    );
    if (end === undefined) return undefined;
    if (end.url.searchParams.has("code")) {
      return { cookie: cookiesOf(agent), epoch };
    }
    if (ledger.mayHaveLost(epoch)) ledger.counts.lost++;
    else ledger.violate(`sign-in: ${end.status} ${end.url.href} ${textOf(end)}`);
    return undefined;
  }

  return {
    async signIn() {
      for (;;) {
        const session = await trySignIn();
        if (session !== undefined) return session;
        if (isOver()) return undefined;
        await delay(RETRY_MS);
      }
    },

    async signOut() {
      const page = await look("sign-out page", () => agent.open(`${issuer}/session/end`));
      if (page === undefined || page.status !== 200) return false;
      const done = await look("sign-out", () => agent.submit(page, { logout: "yes" }));
      return done?.status === 200 && done.url.pathname.endsWith("/session/end/success");
    },
  };
}

const cookiesOf = ({ cookies }: UserAgent) =>
  cookies.map(({ name, value }) => `${name}=${value}`).join("; ");

const textOf = ({ html }: Page) =>
  html
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .slice(0, 200);
