import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { toAccountId } from "../../src/accounts/account.js";
import { startHostileUpstream, type HostileUpstream } from "../support/hostile-upstream.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { goToUpstream } from "../support/upstreams/walk.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

const ID = "corp";
const GOLD = "urn:example:gold";
const HOUR_SECONDS = 3600;

describe("what an application demands of a sign-in, at another provider", () => {
  let server: TestServer;
  let party: RelyingParty;
  let upstream: HostileUpstream;
  before(async () => {
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    party = await connect(server, await createTestClient(server, {}, { firstParty: true }));
    upstream = await startHostileUpstream();
    await addUpstream(server, upstream, {
      id: ID,
      acrMapping: { "corp-gold": GOLD },
      amrMapping: { "corp-card": "hwk" },
      authorizationParameters: { domain_hint: "example.com", prompt: "select_account" },
    });
  });
  afterEach(() => {
    upstream.lie = {};
  });
  after(async () => {
    await upstream.stop();
    await server.close();
  });

  const nowSeconds = () => Math.floor(Date.now() / 1000);
  const lastSignIn = () => server.logs.findLast(({ event }) => event === "sign_in");

  async function signIn(
    agent: UserAgent = createUserAgent(server.issuer),
    parameters: Record<string, string> = {},
  ) {
    const attempt = await party.begin(parameters);
    const there = await goToUpstream(agent, attempt.url, ID);
    const page = await agent.open(upstream.signIn(there));
    return { attempt, there, page, agent };
  }

  async function silently(agent: UserAgent, parameters: Record<string, string> = {}) {
    const attempt = await party.begin({ prompt: "none", ...parameters });
    return { attempt, url: (await agent.open(attempt.url)).url };
  }

  it("passes on what it says of the person and of the sign-in, in the provider's words", async () => {
    const { there } = await signIn(undefined, {
      login_hint: "grace@example.com",
      ui_locales: "de en",
      acr_values: `${GOLD} urn:example:other`,
      max_age: "7200",
    });
    const sent = Object.fromEntries(there.searchParams);
    expect(sent).to.include({
      response_type: "code",
      login_hint: "grace@example.com",
      ui_locales: "de en",
      acr_values: "corp-gold",
      max_age: "7200",
      domain_hint: "example.com",
      prompt: "select_account",
      code_challenge_method: "S256",
      redirect_uri: `${server.issuer}/oauth/callback`,
    });
  });

  it("passes prompt=login on, whatever the operator would have asked for", async () => {
    const agent = createUserAgent(server.issuer);
    const there = await goToUpstream(agent, (await party.begin({ prompt: "login" })).url, ID);
    expect(Object.fromEntries(there.searchParams)).to.include({ prompt: "login", max_age: "0" });
  });

  it("tells the client acr, amr and auth_time by the mapping (OpenID Connect Core §2)", async () => {
    const auth_time = nowSeconds() - HOUR_SECONDS;
    upstream.lie = { claims: { acr: "corp-gold", amr: ["pwd", "corp-card", "corp-x"], auth_time } };
    const claims = JSON.stringify({ id_token: { acr: null, amr: null, auth_time: null } });
    const { attempt, page } = await signIn(undefined, { claims });
    const tokens = await party.redeem(attempt, page.url);
    expect(tokens.claims).to.deep.include({ acr: GOLD, amr: ["pwd", "hwk"], auth_time });
  });

  for (const [title, parameters, auth_time] of [
    ["max_age, and the person signed in there an hour ago", { max_age: "300" }, -HOUR_SECONDS],
    ["prompt=login, and the provider did not ask again", { prompt: "login" }, -HOUR_SECONDS],
    ["max_age, and the provider does not say when it was", { max_age: "300" }, undefined],
    ["prompt=login, and the provider does not say when it was", { prompt: "login" }, undefined],
  ] as const) {
    it(`signs nobody in for ${title} (§3.1.2.1)`, async () => {
      const said = auth_time === undefined ? undefined : nowSeconds() + auth_time;
      upstream.lie = { claims: { auth_time: said } };
      const { page } = await signIn(undefined, parameters);
      expect(page.status).to.equal(403);
      expect(lastSignIn()).to.include({ outcome: "failure", reason: "not_fresh" });
    });
  }

  it("holds later requests against when the person signed in there, not here (max_age)", async () => {
    upstream.lie = { claims: { auth_time: nowSeconds() - HOUR_SECONDS } };
    const { agent } = await signIn();
    expect((await silently(agent)).url.searchParams.get("code")).to.be.a("string");
    const { url } = await silently(agent, { max_age: "600" });
    expect(url.searchParams.get("error")).to.equal("login_required");
    const old = await silently(agent, { max_age: String(2 * HOUR_SECONDS) });
    expect(old.url.searchParams.get("code")).to.be.a("string");
  });

  it("begins a session that lives, although the person signed in there before all of theirs were ended here", async () => {
    upstream.lie = { claims: { auth_time: nowSeconds() - HOUR_SECONDS } };
    const first = await signIn();
    const { claims } = await party.redeem(first.attempt, first.page.url);
    await server.app.endAccess.ofAccount(toAccountId(String(claims?.["sub"])));
    expect((await silently(first.agent)).url.searchParams.get("error")).to.equal("login_required");
    // Times are whole seconds: what begins in the same one counts as ended with it.
    await delay(1100);
    const { agent } = await signIn();
    expect((await silently(agent)).url.searchParams.get("code")).to.be.a("string");
  });

  it("forgets the provider's time with a sign-in by password", async () => {
    const { username: identifier, password } = server;
    upstream.lie = { claims: { auth_time: nowSeconds() - HOUR_SECONDS } };
    const { agent } = await signIn();
    const login = await agent.open((await party.begin({ prompt: "login" })).url);
    await agent.submit(login, { identifier, password }, { action: /\/login$/ });
    const { url } = await silently(agent, { max_age: "600" });
    expect(url.searchParams.get("code")).to.be.a("string");
  });
});
