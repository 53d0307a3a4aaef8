import { createServer, type Server } from "node:http";
import { expect } from "chai";
import { NO_ANSWERS, startHostileUpstream, type Lie } from "../support/hostile-upstream.js";
import { findFreePorts } from "../support/free-port.js";
import { connect, type Attempt, type RelyingParty } from "../support/relying-party-libraries.js";
import { createTestClient, REDIRECT_URI } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

type HostileUpstream = Awaited<ReturnType<typeof startHostileUpstream>>;

interface Visit {
  readonly agent: UserAgent;
  readonly upstream: HostileUpstream;
  readonly providerId: string;
  readonly attempt: Attempt;
  /** At the provider, or the page here that says why not. */
  readonly there: Page;
}

/** At the application, with a code. */
function hasArrived({ url }: Page): boolean {
  return url.href.startsWith(`${REDIRECT_URI}?`) && url.searchParams.has("code");
}

const METADATA = "/.well-known/openid-configuration";
const NOW = Math.floor(Date.now() / 1000);
/** Nobody is signed in by any of them. */
const UNBELIEVABLE: Record<string, Lie> = {
  "an ID token signed by another key": { signature: "of another key" },
  "an ID token with a broken signature": { signature: "broken" },
  "an ID token without a signature (alg none)": { signature: "none" },
  "an ID token signed with the client secret (HS256)": { signature: "HS256" },
  "an ID token of another issuer": { claims: { iss: "https://other.example" } },
  "an ID token of no issuer": { claims: { iss: undefined } },
  "an ID token for another client": { claims: { aud: "another" } },
  "an ID token for several clients that names none (azp)": {
    claims: { aud: ["latchkey", "another"] },
  },
  "an ID token made for another client (azp)": { claims: { azp: "another" } },
  "an ID token for both, made for the other (azp)": {
    claims: { aud: ["latchkey", "another"], azp: "another" },
  },
  "an ID token with another nonce": { claims: { nonce: "another" } },
  "an ID token without a nonce": { claims: { nonce: undefined } },
  "an ID token that expired": { claims: { exp: NOW - 120 } },
  "an ID token without an end": { claims: { exp: undefined } },
  "an ID token without a beginning": { claims: { iat: undefined } },
  "an ID token from the future": { claims: { iat: NOW + 3600, exp: NOW + 7200 } },
  "an ID token that is not valid yet": { claims: { nbf: NOW + 3600 } },
  "an ID token without a subject": { claims: { sub: undefined } },
  "an ID token with an empty subject": { claims: { sub: "" } },
  "an ID token whose subject is a number": { claims: { sub: 7 } },
  "userinfo of another person": { userinfo: { sub: "victim" } },
  "userinfo of nobody": { userinfo: { sub: undefined } },
  "metadata of another issuer": { metadata: { issuer: "https://other.example" } },
  "metadata without an issuer": { metadata: { issuer: undefined } },
  "metadata without keys": { metadata: { jwks_uri: undefined } },
  "keys that are none": { answers: { "/jwks": NO_ANSWERS["answers garbage"] } },
  "an answer of another issuer (RFC 9207)": { callback: { iss: "https://other.example" } },
  "an answer without an issuer, which it promised (RFC 9207)": { callback: { iss: undefined } },
};

describe("a provider that lies or fails", function () {
  this.timeout(120_000);
  let server: TestServer;
  let relyingParty: RelyingParty;
  let upstreams: HostileUpstream[] = [];
  let count = 0;
  before(async () => {
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    const client = await createTestClient(server, {}, { firstParty: true });
    relyingParty = await connect(server, client);
  });
  afterEach(async () => {
    await Promise.all(upstreams.map((upstream) => upstream.stop()));
    upstreams = [];
    // Their ports, which are in their issuers, are somebody else's next.
    for (const { id } of await server.app.upstreamProviders.list()) {
      await server.app.upstreamProviders.delete(id);
    }
  });
  after(() => server.close());

  async function start(lie: Lie = {}) {
    const upstream = await startHostileUpstream(lie);
    upstreams.push(upstream);
    const providerId = `hostile-${++count}`;
    await addUpstream(server, upstream, { id: providerId, displayName: "Example Corp" });
    return { upstream, providerId };
  }

  /** A person at the login page, who chooses the provider. */
  async function visit({
    upstream,
    providerId,
  }: Awaited<ReturnType<typeof start>>): Promise<Visit> {
    const agent = createUserAgent(server.issuer);
    const attempt = await relyingParty.begin();
    const login = await agent.open(attempt.url);
    const there = await agent.open(`${login.url.href}/upstream/${providerId}`);
    return { agent, upstream, providerId, attempt, there };
  }

  async function lieTo(lie: Lie): Promise<Visit & { page: Page }> {
    const visited = await visit(await start(lie));
    const { there, agent, upstream } = visited;
    const page = there.status === 303 ? await agent.open(upstream.signIn(there.url)) : there;
    return { ...visited, page };
  }

  async function isSignedIn(agent: UserAgent): Promise<boolean> {
    const { url } = await relyingParty.begin({ prompt: "none" });
    return hasArrived(await agent.open(url));
  }

  /** A page in plain words, a way on, a line in the log with the reference that the page shows. */
  async function expectRefusal(
    { agent, page, providerId }: { agent: UserAgent; page: Page; providerId: string | undefined },
    reason: RegExp,
  ): Promise<void> {
    expect(page.status, page.html.slice(0, 500)).to.be.within(400, 599);
    expect(/<h1>(.*)<\/h1>/.exec(page.html)?.[1]).to.match(/ /);
    const reference = /Reference<\/dt><dd class="mono">([^<]+)</.exec(page.html)?.[1];
    const line = server.logs.find(
      ({ audit, requestId }) => audit === true && requestId === reference,
    );
    expect(line, `audit line of ${reference}`).to.include({ event: "sign_in", outcome: "failure" });
    if (providerId !== undefined) expect(line).to.include({ provider: providerId });
    expect(String(line?.["reason"])).to.match(reason);
    expect(await isSignedIn(agent)).to.equal(false);
  }

  async function expectOtherWay(agent: UserAgent, page: Page): Promise<void> {
    const href = /href="([^"]*)">Back to sign-in/.exec(page.html)?.[1] ?? "";
    const login = await agent.open(new URL(href, server.issuer));
    expect(login.html).to.include('name="password"');
  }

  it("signs in when it does neither", async () => {
    const { page, agent } = await lieTo({});
    expect(hasArrived(page)).to.equal(true);
    expect(await isSignedIn(agent)).to.equal(true);
  });

  for (const [title, lie] of Object.entries(UNBELIEVABLE)) {
    it(`is not believed: ${title}`, async () => {
      const { page, agent, providerId } = await lieTo(lie);
      await expectRefusal({ agent, page, providerId }, /^upstream_invalid$/);
      await expectOtherWay(agent, page);
    });
  }

  for (const path of [METADATA, "/token", "/jwks", "/userinfo"]) {
    for (const [title, answer] of Object.entries(NO_ANSWERS)) {
      it(`says so, and offers another way, when ${path} ${title}`, async () => {
        const { page, agent, providerId } = await lieTo({ answers: { [path]: answer } });
        await expectRefusal(
          { agent, page, providerId },
          /^upstream_(invalid|unreachable|busy|rejects_us)$/,
        );
        await expectOtherWay(agent, page);
      });
    }
  }

  it("does not wait for ever for one that is slow", async () => {
    const begun = performance.now();
    const { page, agent, providerId } = await lieTo({ answers: { "/token": () => {} } });
    expect(performance.now() - begun).to.be.lessThan(10_000);
    await expectRefusal({ agent, page, providerId }, /^upstream_unreachable$/);
    await expectOtherWay(agent, page);
  });

  it("lets local sign-in go on meanwhile", async () => {
    const { there, agent, upstream } = await visit(
      await start({ answers: { "/token": () => {} } }),
    );
    const waiting = agent.open(upstream.signIn(there.url));
    const begun = performance.now();
    const other = createUserAgent(server.issuer);
    const login = await other.open((await relyingParty.begin()).url);
    const { username, password } = server;
    const fields = { identifier: username, password };
    const page = await other.submit(login, fields, { action: /\/login$/ });
    expect(hasArrived(page)).to.equal(true);
    expect(performance.now() - begun).to.be.lessThan(3000);
    await waiting;
  });

  it("signs in with keys that changed between leaving and coming back (Core §10.1.1)", async () => {
    const { there, agent, upstream } = await visit(await start());
    expect(hasArrived(await agent.open(upstream.signIn(there.url)))).to.equal(true);
    const again = await visit({ upstream, providerId: `hostile-${count}` });
    upstream.changeKey();
    const page = await again.agent.open(upstream.signIn(again.there.url));
    expect(hasArrived(page), page.html).to.equal(true);
  });

  it("reports a person who cancelled, and an error that is not known, in our own words", async () => {
    for (const [error, reason] of [
      ["access_denied", /^upstream_refused$/],
      ["<script>alert(1)</script>", /^upstream_/],
    ] as const) {
      const callback = { code: undefined, error, error_description: "<b>call 555-1234</b>" };
      const { page, agent, providerId } = await lieTo({ callback });
      await expectRefusal({ agent, page, providerId }, reason);
      expect(page.html).to.not.include("555-1234").and.not.include("<script>alert");
      await expectOtherWay(agent, page);
    }
  });

  describe("when the browser comes back with what is not its own", () => {
    it("refuses a state that nobody made, and none at all", async () => {
      for (const state of ["forged", undefined]) {
        const { page, agent } = await lieTo({ callback: { state } });
        await expectRefusal({ agent, page, providerId: undefined }, /^attempt_unknown$/);
      }
    });

    it("refuses the state of another browser (RFC 6749 §10.12)", async () => {
      const victim = await visit(await start());
      const attacker = await visit({ ...victim });
      const { upstream } = victim;
      const page = await victim.agent.open(upstream.signIn(attacker.there.url, "attacker"));
      await expectRefusal(
        { agent: victim.agent, page, providerId: undefined },
        /^attempt_unknown$/,
      );
    });

    it("refuses a code of another browser with its own state: PKCE, and where that is not looked at the nonce (RFC 9700 §4.5)", async () => {
      for (const metadata of [{}, { code_challenge_methods_supported: ["S256"] }]) {
        const victim = await visit(await start({ metadata }));
        const attacker = await visit({ ...victim });
        const { upstream, providerId } = victim;
        const stolen = upstream.signIn(attacker.there.url, "attacker").searchParams.get("code");
        const injected = upstream.signIn(victim.there.url);
        injected.searchParams.set("code", stolen ?? "");
        const page = await victim.agent.open(injected);
        const reason = /^(upstream_invalid|code_refused)$/;
        await expectRefusal({ agent: victim.agent, page, providerId }, reason);
        await expectOtherWay(victim.agent, page);
      }
    });

    it("refuses an answer of one provider where another was asked (RFC 9700 §4.4)", async () => {
      const honest = await visit(await start());
      const { upstream: hostile } = await start();
      const mixedUp = hostile.signIn(honest.there.url);
      const page = await honest.agent.open(mixedUp);
      const { agent, providerId } = honest;
      await expectRefusal({ agent, page, providerId }, /^upstream_invalid$/);
    });

    it("refuses an answer that was used, in its own browser too (RFC 6749 §4.1.2)", async () => {
      const { agent, upstream, there } = await visit(await start());
      const answer = upstream.signIn(there.url);
      expect(hasArrived(await agent.open(answer))).to.equal(true);
      const { status, html } = await agent.open(answer);
      expect(status).to.be.within(400, 499);
      expect(html).to.include("<h1>");
    });

    it("refuses an answer whose provider was disabled or removed meanwhile (ASVS 10.2, AC-22)", async () => {
      const { upstreamProviders } = server.app;
      const changes = [
        (id: string) => upstreamProviders.update(id, () => ({ disabled: true })),
        (id: string) => upstreamProviders.delete(id),
      ];
      for (const change of changes) {
        const { agent, upstream, there, providerId } = await visit(await start());
        await change(providerId);
        const page = await agent.open(upstream.signIn(there.url));
        await expectRefusal({ agent, page, providerId: undefined }, /^provider_unavailable$/);
      }
    });
  });

  it("gives two providers' people with one subject two accounts (ASVS 10.5.2)", async () => {
    const subjects = new Set<unknown>();
    for (let each = 0; each < 2; each++) {
      const userinfo = { sub: "one", email: `person-${each}@example.com` };
      const { page, attempt } = await lieTo({ claims: { sub: "one" }, userinfo });
      const { claims } = await relyingParty.redeem(attempt, page.url);
      subjects.add(claims?.["sub"]);
    }
    expect(subjects.size).to.equal(2);
  });

  describe("that points to places inside (SSRF, ASVS 1.3.6)", () => {
    let canary: Server;
    let inside: string;
    let hits = 0;
    before(async () => {
      const [port] = await findFreePorts(1);
      canary = createServer((_request, response) => {
        hits++;
        response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
      });
      // Loopback, and no host that the operator named.
      await new Promise<void>((resolve) => canary.listen(port, "127.0.0.2", resolve));
      inside = `http://127.0.0.2:${port}`;
    });
    after(() => canary.close());

    for (const name of ["token_endpoint", "userinfo_endpoint", "jwks_uri"]) {
      it(`is not followed there: ${name}`, async () => {
        const { page, agent, providerId } = await lieTo({ metadata: { [name]: `${inside}/x` } });
        await expectRefusal({ agent, page, providerId }, /^upstream_unreachable$/);
        expect(page.html).to.not.include("127.0.0.2");
        expect(hits).to.equal(0);
      });
    }

    for (const path of [METADATA, "/token", "/jwks", "/userinfo"]) {
      it(`is not followed there by a redirect of ${path}`, async () => {
        const { page, agent, providerId } = await lieTo({
          answers: {
            [path]: (_request, response) => {
              response.writeHead(307, { Location: `${inside}/x` }).end();
            },
          },
        });
        await expectRefusal({ agent, page, providerId }, /^upstream_/);
        expect(hits).to.equal(0);
      });
    }
  });
});
