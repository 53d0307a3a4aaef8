import { expect } from "chai";
import { createKeptMailbox, type KeptMailbox } from "../support/kept-mail.js";
import { answerPasskey } from "../support/passkey-forms.js";
import { createSoftwareAuthenticator } from "../support/software-authenticator.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const REDIRECT_URI = "http://localhost:9999/callback";
const PASSWORD = "a long passphrase of somebody new";

describe("sign-up", () => {
  let server: TestServer;
  let mailbox: KeptMailbox;
  let people = 0;
  before(async () => {
    server = await startTestServer({
      environment: { TERMS_URL: "https://example.com/terms", TERMS_VERSION: "2026-11" },
    });
    mailbox = createKeptMailbox(server);
  });
  after(() => server.close());

  const newAddress = () => `person${++people}@example.com`;

  async function authorizationUrl(extra: Record<string, string> = {}): Promise<string> {
    const { clientId } = await server.app.clientAdministration.create({
      metadata: { client_name: "Notes", redirect_uris: [REDIRECT_URI] },
      policy: {
        firstParty: true,
        directSignIn: false,
        resourceServer: undefined,
        secondStep: false,
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
      ...extra,
    });
    return `${server.issuer}/auth?${query.toString()}`;
  }

  const mailTo = (address: string) => mailbox.take(address);

  /** From the page that asks for an address to the one that asks for the code. */
  function giveAddress(agent: UserAgent, page: Page, email: string): Promise<Page> {
    return agent.submit(page, { email, terms: "yes" }, { action: /\/sign-up$/ });
  }

  function giveCode(agent: UserAgent, page: Page, code: string): Promise<Page> {
    return agent.submit(page, { code }, { action: /\/code$/ });
  }

  function giveAccount(agent: UserAgent, page: Page, fields: Record<string, string> = {}) {
    return agent.submit(
      page,
      { name: "Grace Example", password: PASSWORD, ...fields },
      { action: /\/account$/ },
    );
  }

  it("makes an account with a confirmed address, a name and the terms, and returns to the application", async () => {
    const agent = createUserAgent(server.issuer);
    const email = newAddress();
    const login = await agent.open(await authorizationUrl());
    const start = await agent.open(new URL(`${login.url.pathname}/sign-up`, server.issuer));
    const codePage = await giveAddress(agent, start, email);
    expect(codePage.html).to.include(`We sent a mail to <strong>${email}</strong>`);
    const { template, values } = await mailTo(email);
    expect(template).to.equal("confirm_sign_up");
    const accountPage = await giveCode(agent, codePage, values["code"] ?? "");
    expect(accountPage.url.pathname).to.match(/\/account$/);
    const { url } = await giveAccount(agent, accountPage);
    expect(url.href).to.include(REDIRECT_URI);
    expect(url.searchParams.get("state")).to.equal("the-state");
    expect(url.searchParams.get("code")).to.be.a("string");

    const record = await server.app.accounts.findForSignIn(email);
    expect(record?.account).to.include({ username: email, email, emailVerified: true });
    expect(record?.account.profile).to.include({ name: "Grace Example", locale: "en" });
    expect(record?.account.terms?.version).to.equal("2026-11");
  });

  it("makes an account whose only way in is a passkey, refusing one that is not verified", async () => {
    const agent = createUserAgent(server.issuer);
    const email = newAddress();
    const login = await agent.open(await authorizationUrl());
    const start = await agent.open(new URL(`${login.url.pathname}/sign-up`, server.issuer));
    const codePage = await giveAddress(agent, start, email);
    const page = await giveCode(agent, codePage, (await mailTo(email)).values["code"] ?? "");
    const authenticator = createSoftwareAuthenticator();
    const fields = { name: "Grace Example" };
    const refused = await answerPasskey(agent, page, authenticator, { verified: false, fields });
    expect(refused.status).to.equal(422);
    expect(refused.html).to.include("No passkey was added.").and.include('value="Grace Example"');
    const key = createSoftwareAuthenticator();
    const { url } = await answerPasskey(agent, refused, key, { fields });
    expect(url.searchParams.get("code")).to.be.a("string");

    const record = await server.app.accounts.findForSignIn(email);
    expect(record).to.include({ passwordHash: undefined });
    expect(record?.account).to.deep.include({ email, emailVerified: true });
    expect(record?.account.terms?.version).to.equal("2026-11");
    const other = createUserAgent(server.issuer);
    const signIn = await other.open(`${server.issuer}/account/sign-in`);
    const inside = await answerPasskey(other, signIn, key);
    expect(inside.url.pathname).to.equal("/account/security");
  });

  it("answers the same for an address that has an account, whose owner gets other mail", async () => {
    const answerFor = async (email: string) => {
      const agent = createUserAgent(server.issuer);
      const page = await giveAddress(agent, await agent.open(`${server.issuer}/sign-up`), email);
      const refused = await giveCode(agent, page, "00000000");
      return [page, refused].map(({ status, html }) => ({
        status,
        html: html
          .replaceAll(email, "address")
          .replaceAll(/value="[^"]*"/g, "value")
          .replaceAll(/(?<=sign-up(?:\/|%2F))[\w-]{22}/g, "id"),
      }));
    };
    expect(await answerFor("ada@example.com")).to.deep.equal(await answerFor(newAddress()));
    const mail = await mailTo("ada@example.com");
    expect(mail.template).to.equal("sign_up_existing");
    expect(mail.values).to.have.keys("url");
  });

  it("goes on by the link in another browser, which ends at a page that leads back", async () => {
    const email = newAddress();
    const first = createUserAgent(server.issuer);
    const login = await first.open(await authorizationUrl({ prompt: "create", login_hint: email }));
    expect(login.html).to.include(`value="${email}"`);
    await giveAddress(first, login, email);
    const { values } = await mailTo(email);

    const other = createUserAgent(server.issuer);
    const link = await other.open(values["url"] ?? "");
    expect(link.headers.get("Referrer-Policy")).to.equal("no-referrer");
    const accountPage = await other.submit(link, {}, { action: /\/link$/ });
    const done = await giveAccount(other, accountPage);
    expect(done.html).to.include("Your account is ready").and.include("Go back to Notes");

    const again = await other.open(values["url"] ?? "");
    expect(again.status).to.equal(410);
  });

  it("comes back from prompt=create (Initiating User Registration 1.0 §4)", async () => {
    const agent = createUserAgent(server.issuer);
    const email = newAddress();
    const start = await agent.open(await authorizationUrl({ prompt: "create" }));
    const codePage = await giveAddress(agent, start, email);
    const { values } = await mailTo(email);
    const { url } = await giveAccount(agent, await giveCode(agent, codePage, values["code"] ?? ""));
    expect(url.searchParams.get("code")).to.be.a("string");
  });

  it("lets somebody sign in who has an account after all", async () => {
    const agent = createUserAgent(server.issuer);
    const start = await agent.open(await authorizationUrl({ prompt: "create" }));
    const login = await agent.open(new URL(`${start.url.pathname}/sign-in`, server.issuer));
    const { url } = await agent.submit(
      login,
      { identifier: server.username, password: server.password },
      { action: /\/login$/ },
    );
    expect(url.searchParams.get("code")).to.be.a("string");
  });

  it("says what is wrong with what was typed, and keeps it", async () => {
    const agent = createUserAgent(server.issuer);
    const start = await agent.open(`${server.issuer}/sign-up`);
    const page = await agent.submit(start, { email: "<b>nobody" }, { action: /\/sign-up$/ });
    expect(page.status).to.equal(422);
    expect(page.html)
      .to.include('value="&lt;b&gt;nobody"')
      .and.include("Agree to the terms of use to go on.");
  });

  it("refuses a weak password with the reasons, keeps the name, and then takes another", async () => {
    const agent = createUserAgent(server.issuer);
    const email = newAddress();
    const codePage = await giveAddress(agent, await agent.open(`${server.issuer}/sign-up`), email);
    const { values } = await mailTo(email);
    const form = await giveCode(agent, codePage, values["code"] ?? "");
    const refused = await giveAccount(agent, form, { password: "short" });
    expect(refused.status).to.equal(422);
    expect(refused.html).to.include("at least 15 characters").and.include("Grace Example");
    expect(refused.html).to.not.include("short");
    const done = await giveAccount(agent, refused);
    expect(done.url.pathname).to.match(/^\/account/);
  });

  it("refuses every code that does not count in the same words", async () => {
    const agent = createUserAgent(server.issuer);
    const email = newAddress();
    const codePage = await giveAddress(agent, await agent.open(`${server.issuer}/sign-up`), email);
    const other = createUserAgent(server.issuer);
    const otherEmail = newAddress();
    await giveAddress(other, await other.open(`${server.issuer}/sign-up`), otherEmail);
    const foreign = (await mailTo(otherEmail)).values["code"] ?? "";
    const own = (await mailTo(email)).values["code"] ?? "";
    for (const code of ["", "00000000", foreign, "x".repeat(1000)]) {
      const refused = await giveCode(agent, codePage, code);
      expect(refused.status, code).to.equal(422);
      expect(refused.html, code).to.include("This code does not count.");
    }
    const again = await agent.submit(codePage, {}, { action: /\/resend$/ });
    expect(again.html).to.include("We sent a new code");
    const replaced = await giveCode(agent, again, own);
    expect(replaced.html).to.include("This code does not count.");
  });

  it("makes one account of two sign-ups with one address, and leads the other on", async () => {
    const email = newAddress();
    const ready = async () => {
      const agent = createUserAgent(server.issuer);
      const page = await giveAddress(agent, await agent.open(`${server.issuer}/sign-up`), email);
      const { values } = await mailTo(email);
      return { agent, page: await giveCode(agent, page, values["code"] ?? "") };
    };
    const [one, two] = [await ready(), await ready()];
    const answers = await Promise.all(
      [one, two].map(({ agent, page }) => giveAccount(agent, page)),
    );
    expect(answers.map(({ status }) => status)).to.have.members([200, 409]);
    const lost = answers.find(({ status }) => status === 409);
    expect(lost?.html).to.include("You have an account already");
  });

  it("skips no step (AC-15)", async () => {
    const agent = createUserAgent(server.issuer);
    const codePage = await giveAddress(
      agent,
      await agent.open(`${server.issuer}/sign-up`),
      newAddress(),
    );
    const skipped = await agent.open(`${codePage.url.href}/account`);
    expect(skipped.url.href).to.equal(codePage.url.href);
    const posted = await agent.submit(
      { ...codePage, html: codePage.html.replace(/\/code"/, '/account"') },
      { name: "", password: PASSWORD },
      { action: /\/account$/ },
    );
    expect(posted.url.href).to.equal(codePage.url.href);
  });

  it("leads on in a browser that has not begun it", async () => {
    const agent = createUserAgent(server.issuer);
    const page = await giveAddress(
      agent,
      await agent.open(`${server.issuer}/sign-up`),
      newAddress(),
    );
    const gone = await createUserAgent(server.issuer).open(page.url);
    expect(gone.status).to.equal(410);
    expect(gone.html).to.include('href="/sign-up"').and.include('href="/account/sign-in"');
  });
});

describe("sign-up where everybody needs a second step", () => {
  it("leads to setting one up before the application gets anything", async () => {
    const server = await startTestServer({ environment: { SECOND_STEP: "required" } });
    try {
      const mailbox = createKeptMailbox(server);
      const { clientId } = await server.app.clientAdministration.create({
        metadata: { client_name: "Notes", redirect_uris: [REDIRECT_URI] },
        policy: {
          firstParty: true,
          directSignIn: false,
          resourceServer: undefined,
          secondStep: false,
        },
        demonstration: false,
      });
      const query = new URLSearchParams({
        client_id: clientId,
        redirect_uri: REDIRECT_URI,
        response_type: "code",
        scope: "openid",
        prompt: "create",
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method: "S256",
      });
      const agent = createUserAgent(server.issuer);
      const email = "careful@example.com";
      const start = await agent.open(`${server.issuer}/auth?${query.toString()}`);
      const codePage = await agent.submit(start, { email }, { action: /\/sign-up$/ });
      const code = (await mailbox.take(email)).values["code"] ?? "";
      const form = await agent.submit(codePage, { code }, { action: /\/code$/ });
      const fields = { name: "", password: PASSWORD };
      const next = await agent.submit(form, fields, { action: /\/account$/ });
      expect(next.url.pathname).to.match(/\/second-step\/set-up$/);
      expect(next.status).to.equal(200);
    } finally {
      await server.close();
    }
  });
});

describe("sign-up that is off", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ environment: { SIGN_UP: "off" } });
  });
  after(() => server.close());

  it("has no pages, no links and no prompt (Initiating User Registration 1.0 §4.1)", async () => {
    const agent = createUserAgent(server.issuer);
    expect((await agent.open(`${server.issuer}/sign-up`)).status).to.equal(404);
    expect((await agent.open(`${server.issuer}/account/sign-in`)).html).to.not.include("/sign-up");
    const metadata = (await (
      await fetch(`${server.issuer}/.well-known/openid-configuration`)
    ).json()) as { prompt_values_supported: string[] };
    expect(metadata.prompt_values_supported).to.not.include("create");
    const { clientId } = await server.app.clientAdministration.create({
      metadata: { redirect_uris: [REDIRECT_URI] },
      policy: {
        firstParty: true,
        directSignIn: false,
        resourceServer: undefined,
        secondStep: false,
      },
      demonstration: false,
    });
    const query = new URLSearchParams({
      client_id: clientId,
      redirect_uri: REDIRECT_URI,
      response_type: "code",
      scope: "openid",
      prompt: "create",
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
    });
    const { url } = await agent.open(`${server.issuer}/auth?${query.toString()}`);
    expect(url.searchParams.get("error")).to.equal("invalid_request");
  });
});
