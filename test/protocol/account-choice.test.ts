import { expect } from "chai";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const GRACE = { username: "grace", password: "another long passphrase" };

describe("several accounts in one browser (OpenID Connect Core §3.1.2.1 select_account)", () => {
  let server: TestServer;
  let rp: RelyingParty;
  let subjects: { ada: string; grace: string };
  before(async () => {
    server = await startTestServer();
    await createPerson(GRACE);
    rp = await connect(server, await createTestClient(server, {}, { firstParty: true }));
    const ada = await signInWith(server, rp);
    const { subject } = await signInAs(createUserAgent(server.issuer), GRACE);
    subjects = { ada: ada.subject, grace: subject };
  });
  after(() => server.close());

  it("is told in discovery (Initiating User Registration 1.0 §4.2)", async () => {
    const answer = await fetch(`${server.issuer}/.well-known/openid-configuration`);
    const { prompt_values_supported: prompts }: { prompt_values_supported?: string[] } =
      await answer.json();
    expect(prompts).to.include.members(["none", "login", "consent", "select_account"]);
  });

  it("asks which account, also when only one is signed in", async () => {
    const { agent } = await signInWith(server, rp);
    const { page, finish } = await ask(agent);
    expect(page.html).to.include("Choose an account").and.include("Ada Example");
    expect(await finish(await choose(agent, page, "Ada Example"))).to.equal(subjects.ada);
  });

  it("asks for a sign-in, once, when nobody is signed in", async () => {
    const agent = createUserAgent(server.issuer);
    const { url, finish } = await begin();
    expect(await finish(await authorize(agent, url, server))).to.equal(subjects.ada);
  });

  it("is refused together with none", async () => {
    const { agent } = await signInWith(server, rp);
    const { url } = await rp.begin({ prompt: "none select_account" });
    const answer = await agent.open(url);
    expect(answer.url.searchParams.get("error")).to.equal("invalid_request");
  });

  it("keeps the first person's session when a second signs in, and switches between the two", async () => {
    const agent = await withBoth();
    expect(await subjectNow(agent)).to.equal(subjects.grace);
    const { page, finish } = await ask(agent);
    expect(page.html.indexOf("grace@")).to.be.lessThan(page.html.indexOf("Ada Example"));
    expect(await finish(await choose(agent, page, "Ada Example"))).to.equal(subjects.ada);
    expect(await subjectNow(agent)).to.equal(subjects.ada);
    const back = await ask(agent);
    expect(await back.finish(await choose(agent, back.page, "grace"))).to.equal(subjects.grace);
  });

  it("gives the session that is switched to a new cookie (ASVS 7.2.4)", async () => {
    const agent = await withBoth();
    const old = createUserAgent(server.issuer);
    old.cookies.push(...agent.cookies);
    for (const name of ["Ada Example", "grace"]) {
      const { page } = await ask(agent);
      await choose(agent, page, name);
    }
    expect(await subjectNow(agent)).to.equal(subjects.grace);
    const { url } = await begin({ prompt: "none" });
    const answer = await old.open(url);
    expect(answer.url.searchParams.get("error")).to.equal("login_required");
  });

  it("signs a third in by password without ending the others", async () => {
    const agent = await withBoth();
    const linus = { username: "linus", password: "yet another long passphrase" };
    await createPerson(linus);
    const { page, finish } = await ask(agent);
    const other = await agent.open(`${page.url.href}/sign-in`);
    const done = await agent.submit(
      other,
      { identifier: linus.username, password: linus.password },
      { action: /\/login$/ },
    );
    expect(await finish(done.url)).to.not.be.oneOf(Object.values(subjects));
    const again = await ask(agent);
    expect(again.page.html).to.include("linus").and.include("grace").and.include("Ada Example");
  });

  it("takes the same session up again when somebody signs in who is put aside", async () => {
    const agent = await withBoth();
    const sessions = await listOfAda();
    await signInAs(agent, server, { prompt: "login" });
    expect((await listOfAda()).map(({ uid }) => uid)).to.have.members(
      sessions.map(({ uid }) => uid),
    );
    const { page } = await ask(agent);
    expect(page.html.match(/name="account"/g)).to.have.lengthOf(2);
  });

  it("asks the one who is chosen for the password when the request insists on it", async () => {
    const agent = await withBoth();
    const { url } = await rp.begin({ prompt: "select_account login" });
    const login = await choosePage(agent, await agent.open(url), "Ada Example");
    expect(login.html).to.include('name="password"');
  });

  it("offers the others after one has signed out", async () => {
    const agent = await withBoth();
    await signOut(agent);
    const { page, finish } = await ask(agent, {});
    expect(page.html).to.include("Ada Example").and.not.include("grace@");
    expect(await finish(await choose(agent, page, "Ada Example"))).to.equal(subjects.ada);
  });

  it("signs nobody in without the password who was put aside and has ended", async () => {
    const agent = await withBoth();
    const { page } = await ask(agent);
    const [account] = await listOfAda();
    if (account === undefined) throw new Error("no session");
    for (const session of await listOfAda()) {
      await server.app.endSessions.endSession(session, {
        reason: "person",
        includingOffline: false,
      });
    }
    const again = await choosePage(agent, page, "Ada Example");
    expect(again.html).to.include("Choose an account").and.not.include("Ada Example");
  });

  it("opens no session of another browser, whatever handle is sent", async () => {
    const { agent } = await signInWith(server, rp);
    await signInAs(createUserAgent(server.issuer), GRACE);
    const [foreign] = await server.app.sessionDirectory.listSessions(subjects.grace);
    if (foreign === undefined) throw new Error("no session");
    const { page } = await ask(agent);
    const account = server.app.sessionDirectory.handleOf(foreign);
    const answer = await agent.submit(page, { account }, { action: /\/account$/ });
    expect(answer.html).to.include("Choose an account");
    expect(await subjectNow(agent)).to.equal(subjects.ada);
  });

  it("takes no cookie of sessions that it did not seal", async () => {
    const { agent } = await signInWith(server, rp);
    for (const value of ["garbage", "v1.AAAA", encodeURIComponent('["x"]')]) {
      agent.cookies.push({ name: "latchkey_accounts", value, path: "/" });
      const { page } = await ask(agent);
      expect(page.status).to.equal(200);
      agent.cookies.pop();
    }
  });

  it("ends the session of the sixth that was put aside, which nobody could reach any more", async () => {
    const { agent } = await signInWith(server, rp);
    const before = await listOfAda();
    for (const index of [1, 2, 3, 4, 5]) {
      const person = { username: `person${index}`, password: `a long passphrase ${index}` };
      await createPerson(person);
      await signInAs(agent, person, { prompt: "login" });
    }
    const { page } = await ask(agent);
    expect(page.html.match(/name="account"/g)).to.have.lengthOf(5);
    expect(await listOfAda()).to.have.lengthOf(before.length - 1);
  });

  async function createPerson({ username, password }: typeof GRACE): Promise<void> {
    await server.app.createAccount({
      username,
      email: `${username}@example.com`,
      emailVerified: true,
      profile: {},
      password,
    });
  }

  async function begin(parameters: Record<string, string> = { prompt: "select_account" }) {
    const attempt = await rp.begin(parameters);
    const finish = async (callback: URL) =>
      String((await rp.redeem(attempt, callback)).claims?.["sub"]);
    return { url: attempt.url, finish };
  }

  async function ask(agent: UserAgent, parameters?: Record<string, string>) {
    const { url, finish } = await begin(parameters);
    return { page: await agent.open(url), finish };
  }

  async function choose(agent: UserAgent, page: Page, name: string): Promise<URL> {
    return (await choosePage(agent, page, name)).url;
  }

  function choosePage(agent: UserAgent, page: Page, name: string): Promise<Page> {
    const [, account = ""] =
      [...page.html.matchAll(/value="([^"]*)">\s*<span class="account-name">([^<]*)/g)].find(
        ([, , shown]) => shown === name,
      ) ?? [];
    if (account === "") throw new Error(`no ${name} in ${page.html}`);
    return agent.submit(page, { account }, { action: /\/account$/ });
  }

  async function signInAs(
    agent: UserAgent,
    person: { username: string; password: string },
    parameters: Record<string, string> = {},
  ) {
    const attempt = await rp.begin(parameters);
    const tokens = await rp.redeem(attempt, await authorize(agent, attempt.url, person));
    return { subject: String(tokens.claims?.["sub"]) };
  }

  async function withBoth(): Promise<UserAgent> {
    const { agent } = await signInWith(server, rp);
    await signInAs(agent, GRACE, { prompt: "login" });
    return agent;
  }

  async function subjectNow(agent: UserAgent): Promise<string> {
    const { url, finish } = await begin({ prompt: "none" });
    return finish((await agent.open(url)).url);
  }

  const listOfAda = () => server.app.sessionDirectory.listSessions(subjects.ada);

  async function signOut(agent: UserAgent): Promise<void> {
    await agent.submit(await agent.open(`${server.issuer}/session/end`), { logout: "yes" });
  }
});
