import { expect } from "chai";
import { partitionOfAccount } from "../../src/oidc/partition.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent } from "../support/user-agent.js";

const REDIRECT_URI = "http://localhost:9999/callback";

describe("an interaction that is gone", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  async function authorizationUrl(
    extra: Record<string, unknown> = {},
    { app, issuer }: TestServer = server,
  ): Promise<string> {
    const { clientId } = await app.clientAdministration.create({
      metadata: { client_name: "Notes", redirect_uris: [REDIRECT_URI], ...extra },
      policy: {
        firstParty: true,
        directSignIn: false,
        secondStep: false,
        resourceServer: undefined,
      },
      demonstration: false,
    });
    const query = new URLSearchParams({
      client_id: clientId,
      redirect_uri: REDIRECT_URI,
      response_type: "code",
      scope: "openid",
      state: "the-state",
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
    });
    return `${issuer}/auth?${query.toString()}`;
  }

  it("offers to go on when its person is signed in, and does so with the same request", async () => {
    const agent = createUserAgent(server.issuer);
    const login = await agent.open(await authorizationUrl());
    await authorize(agent, login.url, server);
    const page = await agent.open(login.url);
    expect(page.status).to.equal(200);
    expect(page.html).to.include("Continue to Notes");
    const callback = await agent.submit(page, {}, { action: /\/continue$/ });
    expect(callback.url.origin).to.equal("http://localhost:9999");
    expect(callback.url.searchParams.get("state")).to.equal("the-state");
    expect(callback.url.searchParams.get("code")).to.be.a("string");
  });

  it("goes on at the application's own start where that is registered (OpenID Connect Core §4)", async () => {
    const agent = createUserAgent(server.issuer);
    const start = "https://notes.example/start?from=latchkey";
    const login = await agent.open(await authorizationUrl({ initiate_login_uri: start }));
    await authorize(agent, login.url, server);
    const page = await agent.open(login.url);
    const { url } = await agent.submit(page, {}, { action: /\/continue$/ });
    expect(url.href).to.equal(`${start}&iss=${encodeURIComponent(server.issuer)}`);
  });

  it("leads a browser that keeps no cookies to the page about them, from the link and from the form", async () => {
    const agent = createUserAgent(server.issuer, { keepsCookies: false });
    const page = await agent.open(await authorizationUrl());
    expect(page.status).to.equal(400);
    expect(page.html).to.include("blocks cookies");

    const keeping = createUserAgent(server.issuer);
    const login = await keeping.open(await authorizationUrl());
    const answer = await agent.submit(
      login,
      { identifier: server.username, password: server.password },
      { action: /\/login$/ },
    );
    expect(answer.html).to.include("blocks cookies");
  });

  it("says so in a browser that has cookies but not those of this sign-in", async () => {
    const one = createUserAgent(server.issuer);
    const login = await one.open(await authorizationUrl());
    const other = createUserAgent(server.issuer);
    const page = await other.open(login.url);
    expect(page.status).to.equal(410);
    expect(page.html).to.include("has ended").and.to.not.include('name="password"');
  });

  it("starts the same request again when only the interaction is lost", async () => {
    const agent = createUserAgent(server.issuer);
    const login = await agent.open(await authorizationUrl());
    await server.app.models.destroy("Interaction", await idAtRest(login.url));
    const again = await agent.open(login.url);
    expect(again.html).to.include('name="password"');
    expect(again.url.pathname).to.not.equal(login.url.pathname);
    const callback = await authorize(agent, again.url, server);
    expect(callback.searchParams.get("state")).to.equal("the-state");
  });

  it("takes the password that was typed meanwhile", async () => {
    const agent = createUserAgent(server.issuer);
    const login = await agent.open(await authorizationUrl());
    await server.app.models.destroy("Interaction", await idAtRest(login.url));
    const { username: identifier, password } = server;
    const wrong = await agent.submit(login, { identifier, password: "not it" });
    expect(wrong.status).to.equal(422);
    const callback = await agent.submit(wrong, { identifier, password });
    expect(callback.url.searchParams.get("code")).to.be.a("string");
  });

  it("gives a session that began before the sign-in another cookie, and to its account", async () => {
    const agent = createUserAgent(server.issuer);
    const sessionCookie = () => agent.cookies.find(({ name }) => name.endsWith("session"))?.value;
    // The page keeps a form token in the session.
    await agent.open(`${server.issuer}/device`);
    const before = sessionCookie();
    expect(before).to.be.a("string");
    const login = await agent.open(await authorizationUrl());
    await server.app.models.destroy("Interaction", await idAtRest(login.url));
    const { username: identifier, password, app } = server;
    const earlier = await sessionsOf(identifier);
    await agent.submit(login, { identifier, password });
    expect(sessionCookie()).not.to.equal(before);
    const started = (await sessionsOf(identifier)).filter(
      ({ id }) => !earlier.some((session) => session.id === id),
    );
    expect(started).to.have.length(1);
    const uid = String(started[0]?.payload["uid"]);
    expect(await app.models.findSessionByUid(uid)).to.deep.equal(started[0]?.payload);
  });

  it("gives it another cookie also where it lies with its account already", async () => {
    const embedded = await startTestServer({ embedded: true });
    try {
      const agent = createUserAgent(embedded.issuer);
      const sessionCookie = () => agent.cookies.find(({ name }) => name.endsWith("session"))?.value;
      await agent.open(`${embedded.issuer}/device`);
      const account = await embedded.app.accounts.findForSignIn(embedded.username);
      const partition = partitionOfAccount(String(account?.account.id));
      const [row] = await embedded.database.knex("model").where({ model: "Session" });
      const payload = { ...JSON.parse(row?.payload ?? ""), uid: `${partition}rest` };
      await embedded.app.models.upsert("Session", row?.id ?? "", payload, 600);

      const before = sessionCookie();
      const login = await agent.open(await authorizationUrl({}, embedded));
      await embedded.app.models.destroy("Interaction", await idAtRest(login.url));
      const { username: identifier, password } = embedded;
      const callback = await agent.submit(login, { identifier, password });
      expect(callback.url.searchParams.get("code")).to.be.a("string");
      expect(sessionCookie()).to.be.a("string").and.not.equal(before);
    } finally {
      await embedded.close();
    }
  });

  async function sessionsOf(identifier: string) {
    const found = await server.app.accounts.findForSignIn(identifier);
    return server.app.models.listSessions(String(found?.account.id));
  }
});

async function idAtRest({ pathname }: URL): Promise<string> {
  const { createHash } = await import("node:crypto");
  return createHash("sha256")
    .update(pathname.split("/").at(-1) ?? "")
    .digest("base64url");
}
