import { expect } from "chai";
import { enrolAuthenticator } from "../support/authenticator-app.js";
import { createKeptMailbox, type KeptMailbox } from "../support/kept-mail.js";
import { laterBy } from "../support/shift-time.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const OLD = "the passphrase that was forgotten";
const NEW = "a new passphrase that is kept";

describe("password reset", () => {
  let server: TestServer;
  let mailbox: KeptMailbox;
  let people = 0;
  before(async () => {
    server = await startTestServer();
    mailbox = createKeptMailbox(server);
  });
  after(() => server.close());

  async function createPerson(options: { emailVerified?: boolean; password?: string } = {}) {
    const username = `forgetful${++people}`;
    const email = `${username}@example.com`;
    const account = await server.app.createAccount({
      username,
      email,
      emailVerified: true,
      password: OLD,
      ...options,
    });
    return { id: account.id, username, email };
  }

  async function mailsTo(address: string, template: string) {
    return (await mailbox.list(address)).filter((each) => each.template === template);
  }

  async function valuesFor(email: string) {
    return { code: "", url: "", ...(await mailbox.take(email, "reset_password")).values };
  }

  async function ask(agent: UserAgent, identifier: string): Promise<Page> {
    const page = await agent.open(`${server.issuer}/reset`);
    return agent.submit(page, { identifier }, { action: /\/reset$/ });
  }

  const giveCode = (agent: UserAgent, page: Page, code: string) =>
    agent.submit(page, { code }, { action: /\/code$/ });

  const setPassword = (agent: UserAgent, page: Page, password: string) =>
    agent.submit(page, { password }, { action: /\/password$/ });

  async function signInAtAccount(agent: UserAgent, identifier: string, password: string) {
    const page = await agent.open(`${server.issuer}/account/sign-in`);
    return agent.submit(page, { identifier, password }, { action: /\/sign-in$/ });
  }

  it("is a way in while strangers guess at the account, on a device that nobody knew (ASVS 6.1.1)", async () => {
    const { username, email } = await createPerson();
    const stranger = createUserAgent(server.issuer);
    for (let guess = 0; guess < 5; guess += 1) await signInAtAccount(stranger, username, "wrong");
    const agent = createUserAgent(server.issuer);
    expect((await signInAtAccount(agent, username, OLD)).status).to.equal(429);
    const codePage = await ask(agent, username);
    const form = await giveCode(agent, codePage, (await valuesFor(email)).code);
    await setPassword(agent, form, NEW);
    expect((await signInAtAccount(agent, username, NEW)).url.pathname).to.equal(
      "/account/security",
    );
    expect((await signInAtAccount(stranger, username, NEW)).status).to.equal(429);
  });

  it("sets a new password by a code, signs out everywhere, signs nobody in, and tells the owner", async () => {
    const { username, email } = await createPerson();
    const elsewhere = createUserAgent(server.issuer);
    await signInAtAccount(elsewhere, username, OLD);

    const agent = createUserAgent(server.issuer);
    const codePage = await ask(agent, username);
    const form = await giveCode(agent, codePage, (await valuesFor(email)).code);
    const done = await setPassword(agent, form, NEW);
    expect(done.html).to.include("Your password is changed");

    expect((await elsewhere.open(`${server.issuer}/account`)).url.pathname).to.equal(
      "/account/sign-in",
    );
    const here = await agent.open(`${server.issuer}/account`);
    expect(here.url.pathname).to.equal("/account/sign-in");
    expect((await signInAtAccount(agent, username, OLD)).status).to.equal(422);
    expect((await signInAtAccount(agent, username, NEW)).url.pathname).to.equal(
      "/account/security",
    );
    expect(await mailsTo(email, "password_reset")).to.have.lengthOf(1);
  });

  it("leads from the link to a page with a button, in any browser, and counts once", async () => {
    const { email } = await createPerson();
    await ask(createUserAgent(server.issuer), email);
    const { url } = await valuesFor(email);
    const agent = createUserAgent(server.issuer);
    // As a mail scanner does, and the person afterwards.
    await createUserAgent(server.issuer).open(url);
    const link = await agent.open(url);
    expect(link.headers.get("Referrer-Policy")).to.equal("no-referrer");
    const form = await agent.submit(link, {}, { action: /\/link$/ });
    expect((await agent.open(url)).status).to.equal(410);
    const replayed = await agent.submit(link, {}, { action: /\/link$/ });
    expect(replayed.status).to.equal(410);
    const done = await setPassword(agent, form, NEW);
    expect(done.html).to.include("Your password is changed");
    const again = await setPassword(agent, form, "yet another long passphrase");
    expect(again.html).to.not.include('name="password"');
    const signedIn = await signInAtAccount(createUserAgent(server.issuer), email, NEW);
    expect(signedIn.url.pathname).to.equal("/account/security");
  });

  it("answers the same for whoever there is not, is disabled, or has no address", async () => {
    const known = await createPerson();
    const disabled = await createPerson();
    await server.app.setDisabled(disabled.id, true);
    const answerFor = async (identifier: string) => {
      const agent = createUserAgent(server.issuer);
      const page = await ask(agent, identifier);
      const refused = await giveCode(agent, page, "00000000");
      return [page, refused].map(({ status, html }) => ({
        status,
        html: html
          .replaceAll(identifier, "name")
          .replaceAll(/value="[^"]*"/g, "value")
          .replaceAll(/(?<=reset(?:\/|%2F))[\w-]{22}/g, "id"),
      }));
    };
    const expected = await answerFor(known.username);
    for (const identifier of ["nobody", "nobody@example.com", disabled.email]) {
      expect(await answerFor(identifier), identifier).to.deep.equal(expected);
    }
    expect(await mailsTo(disabled.email, "reset_password")).to.deep.equal([]);
    expect(await mailsTo("nobody@example.com", "reset_password")).to.deep.equal([]);
  });

  it("takes the last code alone, not after 30 minutes, and after five guesses none (AU-14, AU-17)", async () => {
    const { username, email } = await createPerson();
    const agent = createUserAgent(server.issuer);
    await ask(agent, username);
    const { code: first, url: firstUrl } = await valuesFor(email);
    const page = await ask(agent, username);
    const { code: second } = await valuesFor(email);
    expect((await agent.open(firstUrl)).status).to.equal(410);
    const refusal = "This code does not count.";
    expect((await giveCode(agent, page, first)).html).to.include(refusal);
    await laterBy(1801, async () => {
      expect((await giveCode(agent, page, second)).html).to.include(refusal);
    });
    const last = await ask(agent, username);
    const { code } = await valuesFor(email);
    const wrong = code === "12345678" ? "87654321" : "12345678";
    for (let guess = 1; guess <= 5; guess++) await giveCode(agent, last, wrong);
    expect((await giveCode(agent, last, code)).html).to.include(refusal);
  });

  it("keeps the way to a password open after a weak one, by the policy of all passwords", async () => {
    const { username, email } = await createPerson();
    const agent = createUserAgent(server.issuer);
    const codePage = await ask(agent, email);
    const form = await giveCode(agent, codePage, (await valuesFor(email)).code);
    const refused = await setPassword(agent, form, `${username}${username}`);
    expect(refused.status).to.equal(422);
    expect(refused.html).to.include('name="password"');
    const done = await setPassword(agent, refused, NEW);
    expect(done.html).to.include("Your password is changed");
  });

  it("gives an account without a password one", async () => {
    const { id, email } = await createPerson();
    await server.database.knex("password_credential").where({ account_id: id }).delete();
    const agent = createUserAgent(server.issuer);
    const codePage = await ask(agent, email);
    await setPassword(agent, await giveCode(agent, codePage, (await valuesFor(email)).code), NEW);
    expect((await signInAtAccount(agent, email, NEW)).url.pathname).to.equal("/account/security");
  });

  it("takes the place of no second step (AU-15)", async () => {
    const { username, email } = await createPerson();
    const { app } = await enrolAuthenticator(server, username);
    const agent = createUserAgent(server.issuer);
    const codePage = await ask(agent, email);
    await setPassword(agent, await giveCode(agent, codePage, (await valuesFor(email)).code), NEW);
    const asked = await signInAtAccount(agent, username, NEW);
    expect(asked.url.pathname).to.match(/\/second-step$/);
    expect((await agent.open(`${server.issuer}/account`)).url.pathname).to.equal(
      "/account/sign-in",
    );
    const signedIn = await agent.submit(
      asked,
      { code: app.nextCode() },
      { action: /\/second-step$/ },
    );
    expect(signedIn.url.pathname).to.equal("/account/security");
  });

  it("sets nothing of an account that was disabled meanwhile", async () => {
    const { id, email } = await createPerson();
    const agent = createUserAgent(server.issuer);
    const codePage = await ask(agent, email);
    const form = await giveCode(agent, codePage, (await valuesFor(email)).code);
    await server.app.setDisabled(id, true);
    expect((await setPassword(agent, form, NEW)).status).to.equal(410);
    await server.app.setDisabled(id, false);
    expect((await signInAtAccount(agent, email, OLD)).url.pathname).to.equal("/account/security");
  });

  it("sets one password of many that are sent at once", async () => {
    const { email } = await createPerson();
    const agent = createUserAgent(server.issuer);
    const codePage = await ask(agent, email);
    const form = await giveCode(agent, codePage, (await valuesFor(email)).code);
    const passwords = [1, 2, 3, 4].map((number) => `a passphrase, number ${number} of four`);
    const others = passwords.map(() => {
      const copy = createUserAgent(server.issuer);
      copy.cookies.push(...agent.cookies);
      return copy;
    });
    await Promise.all(
      passwords.map(async (password, index) => setPassword(others[index] ?? agent, form, password)),
    );
    expect(await mailsTo(email, "password_reset")).to.have.lengthOf(1);
  });

  it("skips no step (AC-15)", async () => {
    const { username } = await createPerson();
    const agent = createUserAgent(server.issuer);
    const codePage = await ask(agent, username);
    const skipped = await agent.open(`${codePage.url.href}/password`);
    expect(skipped.url.href).to.equal(codePage.url.href);
    const posted = await setPassword(
      agent,
      { ...codePage, html: codePage.html.replace(/\/code"/, '/password"') },
      NEW,
    );
    expect(posted.url.href).to.equal(codePage.url.href);
    expect((await signInAtAccount(agent, username, OLD)).url.pathname).to.equal(
      "/account/security",
    );
  });

  it("writes links by the issuer, whatever the request says (AC-06)", async () => {
    const { email } = await createPerson();
    const agent = createUserAgent(server.issuer);
    await ask(agent, email);
    expect((await valuesFor(email)).url).to.match(
      new RegExp(`^${server.issuer}/reset/link\\?token=[\\w-]{43}$`),
    );
  });

  it("leaves no code or token in a log", async () => {
    const { email } = await createPerson();
    const agent = createUserAgent(server.issuer);
    await ask(agent, email);
    const { code, url } = await valuesFor(email);
    await agent.open(url);
    const logs = JSON.stringify(server.logs);
    expect(logs).to.not.include(code);
    expect(logs).to.not.include(new URL(url).searchParams.get("token"));
  });

  it("leads password managers to where the password is changed (W3C change-password)", async () => {
    const answer = await fetch(`${server.issuer}/.well-known/change-password`, {
      redirect: "manual",
    });
    expect(answer.status).to.equal(303);
    expect(answer.headers.get("Location")).to.equal("/account/password");
  });
});
