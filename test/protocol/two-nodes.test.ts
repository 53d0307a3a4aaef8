import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { describeOnTwoNodes } from "../support/deployments.js";
import { connect, type TokenSet } from "../support/relying-party-libraries.js";
import { raceClientAssertion, raceDpopProof, racePushedRequest } from "../support/replay-race.js";
import type { ServerNode } from "../support/server-nodes.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  createMachineClient,
  createTestClient,
  REDIRECT_URI,
  type TestClient,
} from "../support/test-client.js";
import { basic } from "../support/token-endpoint.js";
import { createTokenRaces, type TokenRaces } from "../support/token-race.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

const ROUNDS = 20;
const PARALLEL = 10;

describeOnTwoNodes("a sign-in that meets another node at every request", (nodes) => {
  it("is completed, and its tokens are known to both", async () => {
    const rp = await connect(nodes(), await createTestClient(nodes()));
    const before = [...nodes().balancer.answered];
    const { tokens, subject } = await signInWith(nodes(), rp, {
      parameters: { scope: "openid offline_access", prompt: "consent" },
    });
    const [first = 0, second = 0] = nodes().balancer.answered.map(
      (count, node) => count - (before[node] ?? 0),
    );
    expect(first + second).to.be.at.least(7);
    expect(Math.abs(first - second)).to.be.at.most(1);

    for (let turn = 0; turn < 4; turn++) {
      expect(await rp.userinfo(tokens.access_token, subject)).to.include({ sub: subject });
      expect(await rp.introspect(tokens.access_token)).to.include({ active: true });
    }
    let { refresh_token: refreshToken = "" } = tokens;
    for (let turn = 0; turn < 5; turn++) {
      const next = await rp.refresh(refreshToken);
      expect(await rp.userinfo(next.access_token, subject)).to.include({ sub: subject });
      refreshToken = next.refresh_token ?? "";
    }
    await rp.revoke(refreshToken);
    for (let turn = 0; turn < 2; turn++) {
      expect(await rp.introspect(refreshToken)).to.include({ active: false });
    }
  });

  it("goes on at the other when its node ends between two pages", async () => {
    const rp = await connect(nodes(), await createTestClient(nodes()));
    const attempt = await rp.begin({ scope: "openid" });
    const agent = createUserAgent(nodes().issuer);
    const login = await agent.open(attempt.url);
    const [first] = nodes().nodes;
    await first?.stop("SIGKILL");
    try {
      const { username: identifier, password } = nodes();
      const consent = await agent.submit(login, { identifier, password }, { action: /\/login$/ });
      const { url } = await agent.submit(consent, { decision: "allow" }, { action: /\/consent$/ });
      expect(await rp.redeem(attempt, url)).to.have.property("access_token");
    } finally {
      await first?.start();
    }
  });
});

/** IN-07, FT-04: `npm run race:nodes` does the same over 200 rounds, fifty at once. */
describeOnTwoNodes("what may be used once, used at both at once", (nodes) => {
  let races: TokenRaces;
  before(async () => {
    races = await createTokenRaces(nodes(), { delaysReads: false });
  });

  it(`a code: one answer has tokens, the others end them (RFC 6749 §4.1.2), ${ROUNDS} rounds`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      expect(await races.raceCode(PARALLEL)).to.deep.equal(ONE_WINNER);
    }
  });

  it(`a refresh token: one answer has tokens, the others end the family (RFC 9700 §4.14.2), ${ROUNDS} rounds`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      expect(await races.raceRefresh(PARALLEL)).to.deep.equal(ONE_WINNER);
    }
  });

  it("a client assertion, a DPoP proof and a pushed request (RFC 7523 §3, RFC 9449 §11.1, RFC 9126 §4)", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      expect(await raceClientAssertion(nodes(), PARALLEL)).to.deep.equal({
        "200": 1,
        "401 invalid_client": PARALLEL - 1,
      });
      expect(await raceDpopProof(nodes(), PARALLEL)).to.deep.equal({
        "200": 1,
        "400 invalid_grant": PARALLEL - 1,
      });
    }
    expect(await racePushedRequest(nodes(), PARALLEL)).to.deep.equal({
      "303 code": 1,
      "303 invalid_request_uri": PARALLEL - 1,
    });
  });
});

const ONE_WINNER = {
  winners: 1,
  losers: { "400 invalid_grant": PARALLEL - 1 },
  alive: [],
};

/** SE-04, ASVS 7.4.1 */
describeOnTwoNodes("a sign-out", (nodes) => {
  it("at one node is known to the other at once: session, access token, refresh token", async () => {
    const client = await createTestClient(nodes());
    const rp = await connect(nodes(), client);
    for (let round = 0; round < 10; round++) {
      const { agent, tokens } = await signInWith(nodes(), rp);
      const ended = cookieOf(agent);
      const page = await agent.open(`${nodes().issuer}/session/end`);
      // Whichever node takes the last step: both know when it has answered.
      const done = await agent.submit(page, { logout: "yes" });
      expect([done.status, done.url.pathname]).to.deep.equal([200, "/session/end/success"]);
      const seen = await Promise.all(
        nodes().nodes.map((node) => lookAround(node, { client, tokens, cookie: ended })),
      );
      for (const each of seen) {
        expect(each).to.deep.equal({
          authorization: "login_required",
          userinfo: 401,
          introspection: false,
          refresh: 400,
        });
      }
    }
  });

  interface Belongings {
    readonly client: TestClient;
    readonly tokens: TokenSet;
    readonly cookie: string;
  }

  /** What a node still gives for what belonged to the session. */
  async function lookAround(node: ServerNode, { client, tokens, cookie }: Belongings) {
    const request = new URLSearchParams({
      client_id: client.clientId,
      response_type: "code",
      scope: "openid",
      prompt: "none",
      redirect_uri: REDIRECT_URI,
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
    });
    const post = (path: string, fields: Record<string, string>) =>
      node.request(path, {
        method: "POST",
        headers: {
          Authorization: basic(client),
          "Content-Type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams(fields).toString(),
      });
    const [authorization, userinfo, introspection, refresh] = await Promise.all([
      node.request(`/auth?${request}`, { headers: { Cookie: cookie } }),
      node.request("/me", { headers: { Authorization: `Bearer ${tokens.access_token}` } }),
      post("/token/introspect", { token: tokens.access_token }),
      post("/token", { grant_type: "refresh_token", refresh_token: tokens.refresh_token ?? "" }),
    ]);
    return {
      authorization: new URL(String(authorization.headers["location"])).searchParams.get("error"),
      userinfo: userinfo.status,
      introspection: (JSON.parse(introspection.body) as { active: boolean }).active,
      refresh: refresh.status,
    };
  }

  const cookieOf = ({ cookies }: UserAgent) =>
    cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
});

/** FT-25, FT-27 */
describeOnTwoNodes("a rolling restart under load", (nodes) => {
  const CLIENTS = 8;

  it("ends each node with code 0, and no request fails", async () => {
    const rp = await connect(nodes(), await createMachineClient(nodes()));
    const failures: unknown[] = [];
    let answers = 0;
    let running = true;
    const load = Array.from({ length: CLIENTS }, async () => {
      while (running) {
        await rp.clientCredentials().then(
          () => answers++,
          (err: unknown) => failures.push(err),
        );
      }
    });
    for (const node of nodes().nodes) {
      await delay(300);
      expect(await node.stop("SIGTERM")).to.equal(0);
      await node.start();
    }
    await delay(300);
    running = false;
    await Promise.all(load);
    expect(failures).to.deep.equal([]);
    expect(answers).to.be.above(100);
  });
});
