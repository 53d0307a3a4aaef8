import { delayReads } from "./delayed-reads.js";
import { oauthErrorOf, rawRequest, type RawAnswer } from "./raw-request.js";
import { connect } from "./relying-party-libraries.js";
import { signInWith } from "./sign-in-with.js";
import { createTestClient, type TestClient } from "./test-client.js";
import type { TestServer } from "./test-server.js";
import { postForm } from "./token-endpoint.js";
import type { UserAgent } from "./user-agent.js";

/** What came of many attempts to use one thing at once. */
export interface RaceOutcome {
  readonly winners: number;
  /** Answers by `status error`. */
  readonly losers: Readonly<Record<string, number>>;
  /** What still answered of what the winners got: must be empty. */
  readonly alive: readonly string[];
}

export interface TokenRaces {
  /** One authorization code, exchanged `parallel` times at once (RFC 6749 §4.1.2). */
  raceCode(parallel: number): Promise<RaceOutcome>;
  /** One refresh token, used `parallel` times at once (RFC 9700 §4.14.2). */
  raceRefresh(parallel: number): Promise<RaceOutcome>;
}

/** 25 ms: longer than fifty requests take to arrive. */
const READ_DELAY_MS = 25;

/**
 * Signs one person in at a client of its own; each race then takes a code of that session. Unless
 * the server is of several processes, its store reads with a delay from then on, so that the
 * attempts overlap.
 */
export async function createTokenRaces(
  server: TestServer,
  { delaysReads = true } = {},
): Promise<TokenRaces> {
  const client = await createTestClient(server);
  const rp = await connect(server, client);
  const { agent } = await signInWith(server, rp);
  if (delaysReads) delayReads(server.app.models, READ_DELAY_MS);
  const send = (parallel: number, fields: Record<string, string>) =>
    settle(
      { server, client },
      Array.from({ length: parallel }, () =>
        postForm(`${server.issuer}/token`, fields, { client }),
      ),
    );

  return {
    async raceCode(parallel) {
      const { url, redirectUri, codeVerifier } = await rp.begin();
      return send(parallel, {
        grant_type: "authorization_code",
        code: await obtainCode(agent, url),
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
      });
    },

    async raceRefresh(parallel) {
      const { tokens } = await signInWith(server, rp, { agent });
      const { refresh_token = "" } = tokens;
      return send(parallel, { grant_type: "refresh_token", refresh_token });
    },
  };
}

async function obtainCode(agent: UserAgent, url: URL): Promise<string> {
  const page = await agent.open(url);
  const code = page.url.searchParams.get("code");
  if (code === null) throw new Error(`no code: ${page.status} ${page.url.href}`);
  return code;
}

async function settle(
  { server, client }: { server: TestServer; client: TestClient },
  attempts: Promise<RawAnswer>[],
): Promise<RaceOutcome> {
  const answers = await Promise.all(attempts);
  const winners = answers.filter(({ status }) => status === 200);
  const losers: Record<string, number> = {};
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    const kind = `${answer.status} ${oauthErrorOf(answer)}`;
    losers[kind] = (losers[kind] ?? 0) + 1;
  }
  const alive: string[] = [];
  for (const { body } of winners) {
    const tokens = JSON.parse(body) as { access_token: string; refresh_token: string };
    const userinfo = await rawRequest(`${server.issuer}/me`, {
      headers: { Authorization: `Bearer ${tokens.access_token}` },
    });
    if (userinfo.status !== 401) alive.push(`userinfo ${userinfo.status}`);
    const fields = { grant_type: "refresh_token", refresh_token: tokens.refresh_token };
    const refresh = await postForm(`${server.issuer}/token`, fields, { client });
    if (refresh.status !== 400) alive.push(`refresh ${refresh.status}`);
  }
  return { winners: winners.length, losers, alive };
}
