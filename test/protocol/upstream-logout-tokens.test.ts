import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { startHostileUpstream, type HostileUpstream } from "../support/hostile-upstream.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { goToUpstream } from "../support/upstreams/walk.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

describe("logout tokens of a provider (OpenID Connect Back-Channel Logout 1.0)", () => {
  const id = "corp";
  let server: TestServer;
  let upstream: HostileUpstream;
  let relyingParty: RelyingParty;
  before(async () => {
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    upstream = await startHostileUpstream();
    await addUpstream(server, upstream, { id });
    relyingParty = await connect(server, await createTestClient(server, {}, { firstParty: true }));
  });
  after(async () => {
    await server.close();
    await upstream.stop();
  });

  /** @returns a browser that has signed in there, in a session that is called `sid` there. */
  async function signIn(subject: string, sid?: string): Promise<UserAgent> {
    const agent = createUserAgent(server.issuer);
    const { url } = await relyingParty.begin();
    const there = await goToUpstream(agent, url, id);
    upstream.lie = { claims: { sid } };
    await agent.open(upstream.signIn(there, subject));
    upstream.lie = {};
    expect(await isSignedIn(agent)).to.equal(true);
    return agent;
  }

  async function isSignedIn(agent: UserAgent): Promise<boolean> {
    const { url } = await relyingParty.begin({ prompt: "none" });
    return (await agent.open(url)).url.searchParams.has("code");
  }

  function send(logoutToken: string | undefined, provider = id): Promise<Response> {
    return fetch(`${server.issuer}/oauth/back-channel-logout/${provider}`, {
      method: "POST",
      body: new URLSearchParams(logoutToken === undefined ? {} : { logout_token: logoutToken }),
    });
  }

  it("end one session by sid, all of a person by sub, and both must fit (§2.4, §2.7)", async () => {
    const [sub, sid] = [randomUUID(), randomUUID()];
    const one = await signIn(sub, sid);
    const other = await signIn(sub, randomUUID());
    const foreign = await send(await upstream.signLogoutToken({ sub: randomUUID(), sid }));
    expect(foreign.status).to.equal(200);
    expect(await isSignedIn(one)).to.equal(true);

    const answer = await send(await upstream.signLogoutToken({ sid }));
    expect(answer.status).to.equal(200);
    expect(answer.headers.get("Cache-Control")).to.equal("no-store");
    expect([await isSignedIn(one), await isSignedIn(other)]).to.deep.equal([false, true]);

    await send(await upstream.signLogoutToken({ sub }));
    expect(await isSignedIn(other)).to.equal(false);
  });

  it("end sessions that began on the account's own pages, too", async () => {
    const sub = randomUUID();
    const agent = createUserAgent(server.issuer);
    const start = `${server.issuer}/account/sign-in/upstream/${id}?to=sign-ins`;
    const { url: there } = await agent.open(start);
    const page = await agent.open(upstream.signIn(there, sub));
    expect(page.html).to.include("Where you are signed in");
    await send(await upstream.signLogoutToken({ sub }));
    const { html } = await agent.open(`${server.issuer}/account`);
    expect(html).to.include("Sign in to your account");
  });

  it("are taken once: a second time nobody is signed out (§2.6)", async () => {
    const sub = randomUUID();
    await signIn(sub);
    const token = await upstream.signLogoutToken({ sub });
    expect((await send(token)).status).to.equal(200);
    const agent = await signIn(sub);
    const again = await send(token);
    expect(again.status).to.equal(400);
    expect(await again.json()).to.include({ error: "invalid_request" });
    expect(await isSignedIn(agent)).to.equal(true);
  });

  it("are refused, with a reason in the log, when they are not the provider's (§2.6, §2.8)", async () => {
    const sub = randomUUID();
    const agent = await signIn(sub);
    const forged = [
      { claims: { sub, aud: "another" } },
      { claims: { sub, iss: "https://other.example" } },
      { claims: { sub, nonce: "n" } },
      { claims: { sub, events: {} } },
      { claims: { sub, jti: undefined } },
      { claims: {} },
      { claims: { sub }, signature: "of another key" },
      { claims: { sub }, signature: "none" },
      { claims: { sub }, signature: "HS256" },
    ] as const;
    for (const { claims, ...lie } of forged) {
      upstream.lie = lie;
      const token = await upstream.signLogoutToken(claims);
      upstream.lie = {};
      const answer = await send(token);
      expect(answer.status, JSON.stringify([claims, lie])).to.equal(400);
      const line = server.logs.findLast(({ event }) => event === "logout.received");
      expect(line).to.include({ outcome: "failure", provider: id });
      expect(String(line?.["reason"])).to.match(/^The logout token was refused: /);
    }
    for (const nothing of [undefined, "", "no token"]) {
      expect((await send(nothing)).status).to.equal(400);
    }
    expect(await isSignedIn(agent)).to.equal(true);
  });

  it("are taken when the provider's keys changed since the last one", async () => {
    const sub = randomUUID();
    const agent = await signIn(sub);
    await send(await upstream.signLogoutToken({ sub: randomUUID() }));
    upstream.changeKey();
    // Asked again at most every 5 s, whoever makes us ask.
    await new Promise((resolve) => setTimeout(resolve, 5100));
    expect((await send(await upstream.signLogoutToken({ sub }))).status).to.equal(200);
    expect(await isSignedIn(agent)).to.equal(false);
  });

  it("of keys that nobody has make us ask the provider no more than every 5 s", async () => {
    await send(await upstream.signLogoutToken({ sub: "nobody" }));
    const asked = () => upstream.requests.filter((each) => each === "GET /jwks").length;
    const before = asked();
    const begunAtMs = performance.now();
    upstream.lie = { signature: "of another key" };
    for (let each = 0; each < 20; each++) {
      await send(await upstream.signLogoutToken({ sub: "nobody" }));
    }
    upstream.lie = {};
    const spans = Math.ceil((performance.now() - begunAtMs) / 5_000);
    expect(asked() - before).to.be.at.most(spans);
  });

  it("are for providers that may end sessions: not of one that is unknown, disabled, or not asked to", async () => {
    const sub = randomUUID();
    const agent = await signIn(sub);
    const { upstreamProviders } = server.app;
    const token = await upstream.signLogoutToken({ sub });
    expect((await send(token, "nobody")).status).to.equal(404);
    const logout = { fromUpstream: false, toUpstream: false };
    for (const change of [{ disabled: true }, { logout, disabled: false }]) {
      await upstreamProviders.update(id, () => change);
      expect((await send(token)).status).to.equal(404);
    }
    await upstreamProviders.update(id, () => ({ logout: { ...logout, fromUpstream: true } }));
    expect(await isSignedIn(agent)).to.equal(true);
    expect((await send(token)).status).to.equal(200);
    expect(await isSignedIn(agent)).to.equal(false);
  });

  describe("where a sign-out elsewhere leads back to", () => {
    it("is our own page for a state that is not ours: no open redirect (ASVS 3.7.2)", async () => {
      for (const state of ["", "forged", "https://evil.example", "v1.AAAA"]) {
        const url = `${server.issuer}/oauth/signed-out?state=${encodeURIComponent(state)}`;
        const answer = await fetch(url, { redirect: "manual" });
        expect(answer.headers.get("Location")).to.equal("/session/end/success");
      }
    });
  });
});
