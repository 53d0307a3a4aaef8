import { expect } from "chai";
import { refusalOf } from "../support/oauth-error.js";
import { connect, type Parameters } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

interface By {
  readonly person?: { readonly username: string; readonly password: string };
  readonly agent?: UserAgent;
}

const OTHER = { username: "grace", password: "another correct horse battery" };

describe("consent", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    const profile = { name: "Grace Example" };
    const grace = { ...OTHER, email: undefined, emailVerified: false, profile };
    await server.app.createAccount(grace);
  });
  after(() => server.close());

  it("is asked for by name, scope and address, and marked for clients that nobody checked (OIDC Core §3.1.2.4)", async () => {
    const client = await createTestClient(server, { client_name: "Bakery" });
    const page = await consentPage(client, { scope: "openid email offline_access" });
    expect(page.html).to.include("Bakery asks for access to your account");
    expect(page.html)
      .to.match(/See your e-?mail address/)
      .and.include("localhost:9999");
    expect(page.html).to.not.include("Unverified app");
  });

  it("is remembered over sessions, for this person and client (OIDC Core §3.1.2.4)", async () => {
    const client = await createTestClient(server);
    const parameters = { scope: "openid email" };
    await signInWith(server, await connect(server, client), { parameters });
    const again = await afterLogin(client, parameters);
    expect(again.url.searchParams.has("code")).to.equal(true);
    expectConsentPage(await afterLogin(client, parameters, { person: OTHER }));
    expectConsentPage(await afterLogin(await createTestClient(server), parameters));
  });

  it("is asked for what is new only", async () => {
    const client = await createTestClient(server);
    await signInWith(server, await connect(server, client), {
      parameters: { scope: "openid email" },
    });
    const page = await afterLogin(client, { scope: "openid email phone" });
    expectConsentPage(page);
    expect(page.html)
      .to.include("See your phone number")
      .and.not.match(/See your e-?mail/);
  });

  it("is not needed for less than was allowed", async () => {
    const client = await createTestClient(server);
    await signInWith(server, await connect(server, client), {
      parameters: { scope: "openid email phone" },
    });
    const page = await afterLogin(client, { scope: "openid phone" });
    expect(page.url.searchParams.has("code")).to.equal(true);
  });

  it("gives the scopes that were asked for, not all that were ever allowed", async () => {
    const client = await createTestClient(server);
    const rp = await connect(server, client);
    const { agent } = await signInWith(server, rp, { parameters: { scope: "openid email phone" } });
    const { tokens } = await signInWith(server, rp, { agent, parameters: { scope: "openid" } });
    expect(tokens.scope).to.equal("openid");
  });

  it("is asked for again with prompt=consent (OIDC Core §3.1.2.1)", async () => {
    const client = await createTestClient(server);
    await signInWith(server, await connect(server, client));
    expectConsentPage(await afterLogin(client, { prompt: "consent" }));
  });

  it("refused is told to the client as access_denied, and nothing is kept (RFC 6749 §4.1.2.1)", async () => {
    const client = await createTestClient(server);
    const agent = createUserAgent(server.issuer);
    const page = await afterLogin(client, {}, { agent });
    const { url } = await agent.submit(page, { decision: "deny" }, { action: /\/consent$/ });
    expect(url.searchParams.get("error")).to.equal("access_denied");
    expect(url.searchParams.get("iss")).to.equal(server.issuer);
    expectConsentPage(await afterLogin(client, {}));
  });

  it("pages lead back without signing in when the person cancels", async () => {
    const client = await createTestClient(server);
    const agent = createUserAgent(server.issuer);
    const page = await agent.open((await (await connect(server, client)).begin()).url);
    const { url } = await agent.submit(page, {}, { action: /\/cancel$/ });
    expect(url.searchParams.get("error")).to.equal("access_denied");
    const none = await (await connect(server, client)).begin({ prompt: "none" });
    const answer = await agent.open(none.url);
    expect(answer.url.searchParams.get("error")).to.equal("login_required");
  });

  it("pages let another person sign in instead", async () => {
    const client = await createTestClient(server);
    const rp = await connect(server, client);
    const agent = createUserAgent(server.issuer);
    const attempt = await rp.begin({ scope: "openid profile" });
    const login = await agent.open(attempt.url);
    const consent = await signInAt(agent, login, server);
    const switched = await agent.submit(consent, {}, { action: /\/switch-account$/ });
    expect(switched.html).to.include('name="identifier"');
    const second = await signInAt(agent, switched, OTHER);
    expect(second.html).to.include("Grace Example");
    const done = await agent.submit(second, { decision: "allow" }, { action: /\/consent$/ });
    const tokens = await rp.redeem(attempt, done.url);
    const claims = await rp.userinfo(tokens.access_token, String(tokens.claims?.["sub"]));
    expect(claims).to.include({ preferred_username: OTHER.username });
  });

  it("of another person follows one sign-in, also where the first person used the application before", async () => {
    const rp = await connect(server, await createTestClient(server));
    const { agent } = await signInWith(server, rp);
    const attempt = await rp.begin({ prompt: "login" });
    const consent = await signInAt(agent, await agent.open(attempt.url), OTHER);
    expectConsentPage(consent);
    expect(consent.html).to.include("Grace Example");
    const { url } = await agent.submit(consent, { decision: "allow" }, { action: /\/consent$/ });
    expect((await rp.redeem(attempt, url)).claims).to.have.property("sub");
  });

  describe("of first-party clients", () => {
    it("is not asked for", async () => {
      const client = await createTestClient(server, {}, { firstParty: true });
      const page = await afterLogin(client, { scope: "openid email offline_access" });
      expect(page.url.searchParams.has("code")).to.equal(true);
    });

    it("is not asked for in native applications either", async () => {
      const client = await nativeClient({ firstParty: true });
      const page = await afterLogin(client, {});
      expect(page.url.searchParams.has("code")).to.equal(true);
    });

    it("is not asked for when more is asked for later in the session", async () => {
      const client = await createTestClient(server, {}, { firstParty: true });
      const rp = await connect(server, client);
      const { agent } = await signInWith(server, rp);
      const { tokens } = await signInWith(server, rp, {
        agent,
        parameters: { scope: "openid email phone", prompt: "none" },
      });
      expect(tokens.scope).to.equal("openid email phone");
    });
  });

  it("of native applications that are not ours is asked for every time (RFC 8252 §8.6)", async () => {
    const client = await nativeClient({});
    await signInWith(server, await connect(server, client));
    expectConsentPage(await afterLogin(client, {}));
  });

  it("makes a grant for each session: signing out of one leaves the other's refresh token", async () => {
    const rp = await connect(server, await createTestClient(server));
    const first = await signInWith(server, rp);
    const second = await signInWith(server, rp);
    const page = await first.agent.open(`${server.issuer}/session/end`);
    await first.agent.submit(page, { logout: "yes" });
    const ended = await refusalOf(rp.refresh(first.tokens.refresh_token ?? ""));
    expect(ended).to.include({ error: "invalid_grant" });
    expect(await rp.refresh(second.tokens.refresh_token ?? "")).to.have.property("access_token");
  });

  it("keeps the earlier tokens of a session when more is allowed later", async () => {
    const rp = await connect(server, await createTestClient(server));
    const { agent, tokens, subject } = await signInWith(server, rp);
    await signInWith(server, rp, { agent, parameters: { scope: "openid email" } });
    expect(await rp.userinfo(tokens.access_token, subject)).to.include({ sub: subject });
    expect(await rp.refresh(tokens.refresh_token ?? "")).to.have.property("access_token");
  });

  describe("cannot be given by somebody else (AC-14, AC-15, AC-40, AC-46)", () => {
    it("from another browser", async () => {
      const client = await createTestClient(server);
      const agent = createUserAgent(server.issuer);
      const page = await afterLogin(client, {}, { agent });
      const stranger = createUserAgent(server.issuer);
      const seen = await stranger.open(page.url);
      expect(seen.html).to.not.include('name="decision"');
      const sent = await stranger.submit(page, { decision: "allow" }, { action: /\/consent$/ });
      expect(sent.url.searchParams.has("code")).to.equal(false);
    });

    it("by a form without the token of this browser, or from another origin", async () => {
      const client = await createTestClient(server);
      const agent = createUserAgent(server.issuer);
      const page = await afterLogin(client, {}, { agent });
      const fields = { decision: "allow", csrf_token: "guessed" };
      const forged = await agent.submit(page, fields, { action: /\/consent$/ });
      expect(forged.status).to.equal(403);
      for (const headers of [
        { Origin: "https://evil.example" },
        { Origin: "null" },
        { "Sec-Fetch-Site": "cross-site" },
        { "Sec-Fetch-Site": "same-site" },
      ]) {
        const answer = await postConsent(agent, page, headers);
        expect([JSON.stringify(headers), answer.status]).to.deep.equal([
          JSON.stringify(headers),
          403,
        ]);
      }
      const honest = await agent.submit(page, { decision: "allow" }, { action: /\/consent$/ });
      expect(honest.url.searchParams.has("code")).to.equal(true);
    });

    it("by a step that is not due: consent before the sign-in, an empty or unknown decision", async () => {
      const client = await createTestClient(server);
      const rp = await connect(server, client);
      const agent = createUserAgent(server.issuer);
      const login = await agent.open((await rp.begin()).url);
      const consentForm = {
        ...login,
        html: login.html.replaceAll(/\/login"/g, '/consent"'),
      };
      const early = await agent.submit(
        consentForm,
        { decision: "allow" },
        { action: /\/consent$/ },
      );
      expect(early.html).to.include('name="identifier"');
      const consent = await signInAt(agent, early, server);
      for (const fields of [{}, { decision: "" }, { decision: "ALLOW" }]) {
        const page = await agent.submit(consent, fields, { action: /\/consent$/ });
        expectConsentPage(page);
      }
    });

    it("by a safe method", async () => {
      const client = await createTestClient(server);
      const agent = createUserAgent(server.issuer);
      const page = await afterLogin(client, {}, { agent });
      const answer = await agent.open(`${page.url.href}/consent?decision=allow`);
      expect([answer.status, answer.url.searchParams.has("code")]).to.deep.equal([404, false]);
    });
  });

  it("goes on where it was when the interaction expired, was reloaded or finished elsewhere", async () => {
    const client = await createTestClient(server);
    const rp = await connect(server, client);
    const agent = createUserAgent(server.issuer);
    const attempt = await rp.begin();
    const login = await agent.open(attempt.url);
    const done = await signInAt(agent, await agent.open(login.url), server);
    await agent.submit(done, { decision: "allow" }, { action: /\/consent$/ });
    // Back to the login page that is done: its form still leads to the application.
    const late = await signInAt(agent, login, server);
    expect(late.url.searchParams.has("code")).to.equal(true);
    expect((await rp.redeem(attempt, late.url)).claims).to.include({ aud: client.clientId });
  });

  const nativeClient = (policy: { firstParty?: boolean }) =>
    createTestClient(
      server,
      {
        application_type: "native",
        redirect_uris: ["http://127.0.0.1/callback"],
        token_endpoint_auth_method: "none",
      },
      policy,
    );

  /** What follows the sign-in of a request in a browser of its own. */
  async function afterLogin(
    client: TestClient,
    parameters: Parameters,
    { person = server, agent = createUserAgent(server.issuer) }: By = {},
  ): Promise<Page> {
    const { url } = await (await connect(server, client)).begin(parameters);
    return signInAt(agent, await agent.open(url), person);
  }

  async function consentPage(client: TestClient, parameters: Parameters): Promise<Page> {
    const page = await afterLogin(client, parameters);
    expectConsentPage(page);
    return page;
  }

  function signInAt(
    agent: UserAgent,
    page: Page,
    { username, password }: { username: string; password: string },
  ): Promise<Page> {
    return agent.submit(page, { identifier: username, password }, { action: /\/login$/ });
  }

  function expectConsentPage(page: Page): void {
    expect(page.html, `${page.status} ${page.url.href}`).to.include('name="decision"');
  }

  function postConsent(agent: UserAgent, page: Page, headers: Record<string, string>) {
    const hidden = (name: string) =>
      new RegExp(`name="${name}" value="([^"]*)"`).exec(page.html)?.[1] ?? "";
    const cookie = agent.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    return fetch(`${page.url.href}/consent`, {
      method: "POST",
      redirect: "manual",
      headers: { "Content-Type": "application/x-www-form-urlencoded", Cookie: cookie, ...headers },
      body: new URLSearchParams({ decision: "allow", csrf_token: hidden("csrf_token") }).toString(),
    });
  }
});
