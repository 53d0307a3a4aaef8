import { expect } from "chai";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { startBareProvider } from "../support/upstreams/bare-oidc-provider.js";
import { EDSGER, GRACE, type KillableUpstream } from "../support/upstreams/upstream.js";
import { goToUpstream, signInThrough } from "../support/upstreams/walk.js";
import { createUserAgent, type Page } from "../support/user-agent.js";

const ID = "bare";

describe("sign-in at another provider", () => {
  let server: TestServer;
  let upstream: KillableUpstream;
  let client: TestClient;
  let party: RelyingParty;

  before(async () => {
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    upstream = await startBareProvider({
      relyingParty: server.issuer,
      providerId: ID,
      people: [GRACE, EDSGER],
    });
    await addUpstream(server, upstream, { id: ID, displayName: "Bare" });
    client = await createTestClient(server, {}, { firstParty: true });
    party = await connect(server, client);
  });

  after(async () => {
    await upstream.stop();
    await server.close();
  });

  const walk = { providerId: ID, person: GRACE };
  const audited = () => server.logs.filter(({ audit }) => audit === true);
  const lastRefusal = () =>
    audited().findLast(({ event, outcome }) => event === "sign_in" && outcome === "failure");

  function expectFailure(page: Page, reason: string): void {
    const refusal = lastRefusal();
    expect(refusal, page.html).to.include({ reason });
    expect(page.html).to.contain(String(refusal?.["requestId"]));
  }

  it("makes an account at the first sign-in and finds it at the second, whatever the address is then", async () => {
    const subjects: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      const attempt = await party.begin({ scope: "openid email profile" });
      const page = await signInThrough(createUserAgent(server.issuer), attempt.url, {
        ...walk,
        upstream,
      });
      const tokens = await party.redeem(attempt, page.url);
      const userinfo = await party.userinfo(tokens.access_token, String(tokens.claims?.["sub"]));
      expect(userinfo).to.include({ name: GRACE.name, email: GRACE.email, email_verified: true });
      subjects.push(userinfo["sub"]);
    }
    expect(subjects[0]).to.equal(subjects[1]);
    expect(
      audited().filter(({ event, provider }) => event === "sign_in" && provider === ID),
    ).to.deep.include.members([]);
  });

  it("tells the client what the provider said of the sign-in, and no more (OpenID Connect Core §2)", async () => {
    const claims = JSON.stringify({ id_token: { acr: null, amr: null, auth_time: null } });
    const attempt = await party.begin({ max_age: "600", claims });
    const before = Math.floor(Date.now() / 1000);
    const page = await signInThrough(createUserAgent(server.issuer), attempt.url, {
      ...walk,
      upstream,
    });
    const tokens = await party.redeem(attempt, page.url);
    expect(tokens.claims).to.deep.include({ acr: "urn:latchkey:acr:federated", amr: [] });
    expect(tokens.claims?.["auth_time"]).to.be.within(before, Math.floor(Date.now() / 1000));
  });

  it("binds the request to this server: code, PKCE by S256, state and nonce, pushed (RFC 9126, RFC 9700 §2.1)", async () => {
    const { url } = await party.begin();
    const there = await goToUpstream(createUserAgent(server.issuer), url, ID);
    expect([...there.searchParams.keys()].toSorted()).to.deep.equal(["client_id", "request_uri"]);
  });

  it("is not taken from another browser than the one that began it", async () => {
    const { url } = await party.begin();
    const there = await goToUpstream(createUserAgent(server.issuer), url, ID);
    const callback = await upstream.signInAs(GRACE, there);
    const page = await createUserAgent(server.issuer).open(callback);
    expect(page.status).to.equal(400);
    expectFailure(page, "attempt_unknown");
  });

  it("tells who comes back after ten minutes that it took too long, with a way to begin anew", async () => {
    const agent = createUserAgent(server.issuer);
    const there = await goToUpstream(agent, (await party.begin()).url, ID);
    const callback = await upstream.signInAs(GRACE, there);
    const page = await laterBy(601, () => agent.open(callback));
    expectFailure(page, "attempt_expired");
    expect(page.html).to.contain("took too long").and.contain("/sign-in");
  });

  it("takes an answer once", async () => {
    const agent = createUserAgent(server.issuer);
    const there = await goToUpstream(agent, (await party.begin()).url, ID);
    const callback = await upstream.signInAs(GRACE, there);
    const cookies = structuredClone(agent.cookies);
    expect((await agent.open(callback)).status).to.equal(303);
    // A browser that was copied meanwhile.
    const thief = createUserAgent(server.issuer);
    thief.cookies.push(...cookies);
    const page = await thief.open(callback);
    expect(page.html).to.not.contain("code=");
    expect(page.url.origin).to.equal(server.issuer);
  });

  it("refuses a forged state, and one that belongs to another sign-in of the browser", async () => {
    const agent = createUserAgent(server.issuer);
    const there = await goToUpstream(agent, (await party.begin()).url, ID);
    const callback = await upstream.signInAs(GRACE, there);
    callback.searchParams.set("state", "A".repeat(43));
    expectFailure(await agent.open(callback), "attempt_unknown");
    callback.searchParams.delete("state");
    expectFailure(await agent.open(callback), "attempt_unknown");
  });

  it("refuses a code of another sign-in: PKCE and nonce are of this one (RFC 9700 §4.5)", async () => {
    const victim = createUserAgent(server.issuer);
    const stolen = await upstream.signInAs(
      GRACE,
      await goToUpstream(victim, (await party.begin()).url, ID),
    );
    const agent = createUserAgent(server.issuer);
    const own = await upstream.signInAs(
      EDSGER,
      await goToUpstream(agent, (await party.begin()).url, ID),
    );
    own.searchParams.set("code", String(stolen.searchParams.get("code")));
    expectFailure(await agent.open(own), "code_refused");
  });

  it("refuses an answer that names another issuer (RFC 9207 §2.4)", async () => {
    for (const iss of ["https://evil.example.com", undefined]) {
      const agent = createUserAgent(server.issuer);
      const there = await goToUpstream(agent, (await party.begin()).url, ID);
      const callback = await upstream.signInAs(GRACE, there);
      if (iss === undefined) callback.searchParams.delete("iss");
      else callback.searchParams.set("iss", iss);
      expectFailure(await agent.open(callback), "upstream_invalid");
    }
  });

  it("takes an answer by form, which browsers send without cookies (Form Post Response Mode)", async () => {
    const agent = createUserAgent(server.issuer);
    const there = await goToUpstream(agent, (await party.begin()).url, ID);
    const callback = await upstream.signInAs(GRACE, there);
    const answer = await fetch(`${server.issuer}/oauth/callback`, {
      method: "POST",
      body: callback.searchParams,
      headers: { Origin: upstream.issuer },
      redirect: "manual",
    });
    expect(answer.status).to.equal(303);
    const page = await agent.open(new URL(String(answer.headers.get("Location")), server.issuer));
    expect(page.url.searchParams.get("code")).to.be.a("string");
  });

  for (const [error, reason, words] of [
    ["access_denied", "upstream_refused", "did not sign you in"],
    ["temporarily_unavailable", "upstream_busy", "cannot sign you in just now"],
    ["login_required", "upstream_needs_person", "needs something from you"],
    ["invalid_scope", "upstream_rejects_us", "does not accept sign-ins from here"],
    ["<script>alert(1)</script>", "upstream_refused", "did not sign you in"],
  ] as const) {
    it(`shows a page with a way back when the provider answers ${error}`, async () => {
      const agent = createUserAgent(server.issuer);
      const there = await goToUpstream(agent, (await party.begin()).url, ID);
      const { searchParams } = await upstream.signInAs(GRACE, there);
      const callback = new URL(`${server.issuer}/oauth/callback`);
      for (const name of ["state", "iss"]) {
        callback.searchParams.set(name, String(searchParams.get(name)));
      }
      callback.searchParams.set("error", error);
      const page = await agent.open(callback);
      expectFailure(page, reason);
      expect(page.html).to.contain(words).and.not.contain("<script>alert");
      const back = /href="([^"]*\/sign-in)"/.exec(page.html)?.[1];
      const login = await agent.open(new URL(String(back), server.issuer));
      expect(login.html).to.contain('name="identifier"');
    });
  }

  it("goes on locally while the provider is down, and through it when it is back", async () => {
    const agent = createUserAgent(server.issuer);
    const attempt = await party.begin();
    const there = await goToUpstream(agent, attempt.url, ID);
    const callback = await upstream.signInAs(GRACE, there);
    await upstream.kill();
    const page = await agent.open(callback);
    expect(page.status).to.equal(503);
    expectFailure(page, "upstream_unreachable");
    await upstream.start();
    const login = await agent.open(attempt.url);
    expect(login.html).to.contain('name="identifier"');
    const again = await party.begin();
    expect((await signInThrough(agent, again.url, { ...walk, upstream })).status).to.equal(303);
  });

  it("ends sign-ins under way with the provider that they are at", async () => {
    for (const change of [{ disabled: true }, { clientId: "another" }]) {
      const agent = createUserAgent(server.issuer);
      const there = await goToUpstream(agent, (await party.begin()).url, ID);
      const callback = await upstream.signInAs(GRACE, there);
      await server.app.upstreamProviders.update(ID, () => change);
      expectFailure(await agent.open(callback), "provider_unavailable");
      await server.app.upstreamProviders.update(ID, () => ({
        disabled: false,
        clientId: upstream.clientId,
      }));
    }
  });

  it("passes prompt=login on, and the provider asks again although it knows the browser", async () => {
    const attempt = await party.begin({ prompt: "login" });
    const page = await signInThrough(createUserAgent(server.issuer), attempt.url, {
      ...walk,
      upstream,
    });
    const { claims } = await party.redeem(attempt, page.url);
    expect(claims?.["auth_time"]).to.be.closeTo(Date.now() / 1000, 10);
  });

  it("keeps nothing of a sign-in in the clear: cookie, database and log", async () => {
    const agent = createUserAgent(server.issuer);
    const there = await goToUpstream(agent, (await party.begin()).url, ID);
    const callback = await upstream.signInAs(GRACE, there);
    const state = String(callback.searchParams.get("state"));
    const cookie = agent.cookies.find(({ name }) => name.startsWith("latchkey_upstream_"));
    expect(cookie?.value).to.not.contain(state);
    await agent.open(callback);
    const log = JSON.stringify(server.logs);
    expect(log).to.not.contain(String(callback.searchParams.get("code")));
    expect(log).to.not.contain(upstream.clientSecret);
  });
});
