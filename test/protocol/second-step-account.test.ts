import { expect } from "chai";
import { createAuthenticatorApp, enrolAuthenticator } from "../support/authenticator-app.js";
import { createChallenge, createDirectClient } from "../support/first-party.js";
import { laterBy } from "../support/shift-time.js";
import { REDIRECT_URI, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

describe("the second step of an account", () => {
  let server: TestServer;
  let client: TestClient;
  let people = 0;
  before(async () => {
    server = await startTestServer();
    client = await createDirectClient(server);
  });
  after(() => server.close());

  async function newPerson(): Promise<string> {
    const username = `owner-${++people}`;
    const about = { email: `${username}@example.com`, emailVerified: true, profile: {} };
    await server.app.createAccount({ ...about, username, password: server.password });
    return username;
  }

  const at = (path: string) => `${server.issuer}/account${path}`;

  async function signIn(username: string, agent = createUserAgent(server.issuer)) {
    const page = await agent.open(at("/sign-in"));
    const fields = { identifier: username, password: server.password };
    return { agent, page: await agent.submit(page, fields, { action: /\/sign-in$/ }) };
  }

  async function setUp(agent: UserAgent, page: Page) {
    const app = createAuthenticatorApp(secretOf(page));
    const codes = await agent.submit(page, { code: app.nextCode() }, { action: /\/set-up$/ });
    return { app, codes };
  }

  const act = async (agent: UserAgent, name: string) =>
    agent.submit(await agent.open(at("/security")), { act: name }, { action: /\/acts$/ });

  it("is set up on the account's pages, with ten codes that are shown until they are kept", async () => {
    const { agent } = await signIn(await newPerson());
    const { codes } = await setUp(agent, await agent.open(at("/second-step/set-up")));
    expect(codes.url.pathname).to.equal("/account/second-step/codes");
    expect(listed(codes)).to.have.length(10);
    expect(listed(await agent.open(codes.url))).to.deep.equal(listed(codes));
    const security = await agent.submit(codes, {}, { action: /\/codes$/ });
    expect(security.html).to.include("0 of 10 used.");
    expect((await agent.open(codes.url)).url.pathname).to.equal("/account/security");
  });

  it("is asked for where people sign in to their account", async () => {
    const username = await newPerson();
    const { app } = await enrolAuthenticator(server, username);
    const { agent, page } = await signIn(username);
    expect(page.url.pathname).to.equal("/account/sign-in/second-step");
    const done = await agent.submit(page, { code: app.nextCode() }, { action: /\/second-step$/ });
    expect(done.url.pathname).to.equal("/account/security");
  });

  it("is asked for by whatever takes a fresh sign-in, and by its own removal most of all", async () => {
    const username = await newPerson();
    const { agent } = await signIn(username);
    const { app } = await enrolAuthenticator(server, username);
    // The session began a moment ago, without it.
    const confirm = await act(agent, "remove-second-step");
    expect(confirm.url.pathname).to.equal("/account/confirm");
    const fields = { password: server.password };
    const page = await agent.submit(confirm, fields, { action: /\/confirm$/ });
    expect(page.url.pathname).to.equal("/account/sign-in/second-step");
    const done = await agent.submit(page, { code: app.nextCode() }, { action: /\/second-step$/ });
    expect(done.url.pathname).to.equal("/account/security");
    expect(done.html).to.include("The second step is off.");
    expect((await signIn(username)).page.url.pathname).to.equal("/account/security");
  });

  it("gets another app only by whoever has the one before, which then counts no more", async () => {
    const username = await newPerson();
    const enrolled = await enrolAuthenticator(server, username);
    const { agent, page } = await signIn(username);
    const code = enrolled.app.nextCode();
    await agent.submit(page, { code }, { action: /\/second-step$/ });
    const { app, codes } = await setUp(agent, await agent.open(at("/second-step/set-up")));
    expect(codes.url.pathname).to.equal("/account/security");
    const next = await signIn(username);
    const form = { action: /\/second-step$/ };
    const old = await next.agent.submit(next.page, { code: enrolled.app.nextCode() }, form);
    expect(old.status).to.equal(422);
    const done = await next.agent.submit(old, { code: app.nextCode() }, form);
    expect(done.url.pathname).to.equal("/account/security");
  });

  it("gets new recovery codes, and the old ones count no more", async () => {
    const username = await newPerson();
    const { app, recoveryCodes } = await enrolAuthenticator(server, username);
    const { agent, page } = await signIn(username);
    const form = { action: /\/second-step$/ };
    await agent.submit(page, { code: app.nextCode() }, form);
    const ask = await agent.open(at("/second-step/new-codes"));
    const codes = await agent.submit(ask, {}, { action: /\/new-codes$/ });
    const [fresh = ""] = listed(codes);
    const next = await signIn(username);
    const old = await next.agent.submit(next.page, { code: recoveryCodes[0] ?? "" }, form);
    expect(old.status).to.equal(422);
    const done = await next.agent.submit(old, { code: fresh }, form);
    expect(done.url.pathname).to.equal("/account/security");
  });

  it("takes a fresh sign-in to be set up", async () => {
    const { agent } = await signIn(await newPerson());
    await laterBy(600, async () => {
      const page = await agent.open(at("/second-step/set-up"));
      expect(page.url.pathname).to.equal("/account/confirm");
    });
  });

  it("refuses a secret of another account, and one that is forged", async () => {
    const [mine, theirs] = [await signIn(await newPerson()), await signIn(await newPerson())];
    const page = await mine.agent.open(at("/second-step/set-up"));
    const other = await theirs.agent.open(at("/second-step/set-up"));
    const code = createAuthenticatorApp(secretOf(other)).nextCode();
    const secret = /name="secret" value="([^"]+)"/.exec(other.html)?.[1] ?? "";
    for (const forged of [secret, "forged"]) {
      const answer = await mine.agent.submit(page, { code, secret: forged }, { action: /set-up$/ });
      expect(secretOf(answer)).not.to.equal(secretOf(other));
    }
  });

  describe("is not passed by", () => {
    it("POST /login, which says that a browser is needed", async () => {
      const username = await newPerson();
      const fields = { username, password: server.password, scope: "openid" };
      expect((await postForm(`${server.issuer}/login`, fields, { client })).status).to.equal(200);
      await enrolAuthenticator(server, username);
      const refused = await postForm(`${server.issuer}/login`, fields, { client });
      expect([refused.status, JSON.parse(refused.body).error]).to.deep.equal([
        403,
        "insufficient_authorization",
      ]);
      expect(server.logs.at(-1)).to.not.have.property("access_token");
    });

    it("POST /authorize-challenge, which leads to a browser with the request (draft §5.2.2.1.1)", async () => {
      const username = await newPerson();
      await enrolAuthenticator(server, username);
      const { parameters } = createChallenge();
      const fields = {
        ...parameters,
        response_type: "code",
        scope: "openid",
        redirect_uri: REDIRECT_URI,
        username,
        password: server.password,
      };
      const refused = await postForm(`${server.issuer}/authorize-challenge`, fields, { client });
      const body = JSON.parse(refused.body);
      expect([refused.status, body.error]).to.deep.equal([403, "redirect_to_web"]);
      expect(body).to.have.property("request_uri");
      expect(body).to.not.have.property("authorization_code");
    });
  });

  function listed({ html }: Page): string[] {
    return [...html.matchAll(/<li>([\w-]{14})<\/li>/g)].map(([, code = ""]) => code);
  }

  function secretOf({ html }: Page): string {
    const found = /<p class="secret-key[^>]*>([A-Z2-7 ]+)<\/p>/.exec(html)?.[1];
    if (found === undefined) throw new Error(html);
    return found.replaceAll(" ", "");
  }
});
