import { expect } from "chai";
import { toAccountId } from "../../src/accounts/account.js";
import { mailsTo, mailTo } from "../support/account-mail.js";
import { createPerson, headingOf, noticeOf, openAccount } from "../support/account-browser.js";
import { laterBy } from "../support/shift-time.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

let addresses = 0;
const newAddress = () => `new${++addresses}@example.org`;

/** The address of an account changes when whoever reads mail to the new one has said so. */
describe("the email address on the account's pages", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const account = async (id: string) => {
    const row = await server.database.knex("account").where({ id }).first();
    return {
      email: row?.email,
      isConfirmed: Boolean(row?.email_verified),
      username: row?.username,
    };
  };
  const begin = (agent: UserAgent, page: Page, email: string) =>
    agent.submit(page, { email }, { action: /\/email$/ });
  const enter = (agent: UserAgent, page: Page, code: string) =>
    agent.submit(page, { code }, { action: /\/email\/code/ });
  const codeIn = async (email: string) => {
    const { values } = await mailTo(server, email, "confirm_address");
    return values as { code: string; url: string };
  };
  const isIn = async (agent: UserAgent) =>
    (await agent.open(`${server.issuer}/account/security`)).url.pathname === "/account/security";

  async function open() {
    const person = await createPerson(server);
    const former = `${person.username}@example.com`;
    return { person, former, ...(await openAccount(server, person, "/email")) };
  }

  async function changed() {
    const opened = await open();
    const email = newAddress();
    const asked = await begin(opened.agent, opened.page, email);
    await enter(opened.agent, asked, (await codeIn(email)).code);
    return { ...opened, email };
  }

  it("stays the one before until the code is entered, and is confirmed then", async () => {
    const { person, former, agent, page } = await open();
    const email = newAddress();
    const asked = await begin(agent, page, ` ${email} `);
    expect(asked.html).to.include(email).and.to.include('autocomplete="one-time-code"');
    expect(await account(person.accountId)).to.include({ email: former, isConfirmed: true });
    const done = await enter(agent, asked, (await codeIn(email)).code);
    expect(noticeOf(done)).to.include(email);
    expect(await account(person.accountId)).to.include({ email, isConfirmed: true });
    expect((await server.app.accounts.findForSignIn(email))?.account.id).to.equal(person.accountId);
    expect(await server.app.accounts.findForSignIn(former)).to.equal(undefined);
    const audited = server.logs.findLast((line) => line["action"] === "change-email");
    expect(audited).to.include({ outcome: "success", accountId: person.accountId });
    expect(JSON.stringify(server.logs)).not.to.include(email);
  });

  it("is confirmed by the link as well, on another device and without a session; opening it does nothing", async () => {
    const { person, former, agent, page } = await open();
    const email = newAddress();
    await begin(agent, page, email);
    const { url } = await codeIn(email);
    const other = createUserAgent(server.issuer);
    const linked = await other.open(url);
    expect(linked.html).to.include(email).and.to.include(person.username);
    expect(linked.headers.get("referrer-policy")).to.equal("no-referrer");
    expect(await account(person.accountId)).to.include({ email: former });
    const done = await other.submit(linked, {});
    expect(headingOf(done)).to.equal("The address is confirmed");
    expect(await account(person.accountId)).to.include({ email, isConfirmed: true });
    const again = await other.open(url);
    expect(again.status).to.equal(410);
  });

  it("of an account that is called by its address is its user name, too", async () => {
    const former = newAddress();
    const { id } = await server.app.createAccount({
      username: former,
      email: former,
      emailVerified: true,
      profile: {},
      password: "a long passphrase of somebody",
    });
    const person = { username: former, password: "a long passphrase of somebody" };
    const { agent, page } = await openAccount(server, person, "/email");
    const email = newAddress();
    await enter(agent, await begin(agent, page, email), (await codeIn(email)).code);
    expect(await account(id)).to.include({ email, username: email });
    expect(await server.app.accounts.findForSignIn(former)).to.equal(undefined);
  });

  it("can be confirmed where it is not yet", async () => {
    const { person, former, agent } = await open();
    await server.database
      .knex("account")
      .where({ id: person.accountId })
      .update({ email_verified: false });
    // The write tells whoever has kept the row.
    await server.app.setDisabled(toAccountId(person.accountId), false);
    const page = await agent.open(`${server.issuer}/account/email`);
    expect(page.html).to.include("It is not confirmed yet");
    const asked = await begin(agent, page, former);
    await enter(agent, asked, (await codeIn(former)).code);
    expect(await account(person.accountId)).to.include({ email: former, isConfirmed: true });
    expect(
      await mailsTo(server, former).then((mails) => mails.map(({ template }) => template)),
    ).not.to.include("email_changed");
  });

  it("that somebody else has gets the same answer; they are told, and nothing changes", async () => {
    const { person, former, agent, page } = await open();
    const taken = `${(await createPerson(server)).username}@example.com`;
    const asked = await begin(agent, page, taken);
    const free = await begin(
      agent,
      await agent.open(`${server.issuer}/account/email`),
      newAddress(),
    );
    const shape = ({ status, html }: Page) => [
      status,
      html.replaceAll(/(?:value|action|href)="[^"]*"|<strong>[^<]*<\/strong>/g, ""),
    ];
    expect(shape(asked)).to.deep.equal(shape(free));
    expect((await mailsTo(server, taken)).map(({ template }) => template)).to.deep.equal([
      "address_in_use",
    ]);
    const refused = await enter(agent, asked, "00000000");
    expect(refused.status).to.equal(422);
    expect(await account(person.accountId)).to.include({ email: former });
  });

  it("is refused where it is none, or the same, with what was typed kept", async () => {
    const { former, agent, page } = await open();
    for (const [typed, words] of [
      ["ada@@example", "Enter an email address"],
      ["", "Enter an email address"],
      ["<b>@example.org", "Enter an email address"],
      [former.toUpperCase(), "This is your address already"],
    ] as const) {
      const refused = await begin(agent, page, typed);
      expect(refused.status).to.equal(422);
      expect(refused.html)
        .to.include(words)
        .and.to.include('id="email-error"')
        .and.to.match(/<title>Error: /);
      expect(refused.html).to.include(
        `value="${typed.replaceAll("<", "&lt;").replaceAll(">", "&gt;")}"`,
      );
    }
  });

  it("is not changed by codes that are wrong, used, replaced, or of another account: the same refusal", async () => {
    const { person, former, agent, page } = await open();
    const email = newAddress();
    const first = await begin(agent, page, email);
    const { code: replaced } = await codeIn(email);
    const resent = await agent.submit(first, {}, { action: /\/email\/resend/ });
    expect(resent.html).to.include("We sent a new code");
    const stranger = await open();
    const other = newAddress();
    await begin(stranger.agent, stranger.page, other);
    const { code: foreign } = await codeIn(other);
    for (const code of [replaced, foreign, "00000000", ""]) {
      const refused = await enter(agent, resent, code);
      expect(refused.status).to.equal(422);
      expect(refused.html).to.include("This code does not count");
    }
    expect(await account(person.accountId)).to.include({ email: former });
  });

  it("goes to one of two accounts that confirm it at once", async () => {
    const email = newAddress();
    const both = await Promise.all([open(), open()]);
    const codes: string[] = [];
    const asked: Page[] = [];
    for (const { agent, page } of both) {
      asked.push(await begin(agent, page, email));
      const sent = await mailsTo(server, email);
      const all = sent.map(({ values }) => ("code" in values ? values.code : ""));
      codes.push(all.find((code) => !codes.includes(code)) ?? "");
    }
    const pages = await Promise.all(
      asked.map((page, index) => enter(both[index]?.agent as UserAgent, page, codes[index] ?? "")),
    );
    expect(pages.map(({ status }) => status)).to.have.members([200, 422]);
    const rows = await server.database.knex("account").where({ email });
    expect(rows).to.have.length(1);
  });

  it("takes a fresh sign-in", async () => {
    const person = await createPerson(server);
    const { agent } = await openAccount(server, person);
    await laterBy(600, async () => {
      const page = await agent.open(`${server.issuer}/account/email`);
      expect(page.url.pathname).to.equal("/account/confirm");
      const fields = { password: person.password };
      const opened = await agent.submit(page, fields, { action: /\/confirm$/ });
      expect(opened.url.pathname).to.equal("/account/email");
    });
  });

  describe("taken back by whoever had it before", () => {
    const undoUrl = async (former: string) => {
      const { values } = await mailTo(server, former, "email_changed");
      return (values as { notMeUrl: string }).notMeUrl;
    };

    it("gets back by the link in their mail, once, and everything ends; opening it does nothing", async () => {
      const { person, former, agent, email } = await changed();
      const owner = createUserAgent(server.issuer);
      const linked = await owner.open(await undoUrl(former));
      expect(linked.html).to.include(former);
      expect(await account(person.accountId)).to.include({ email });
      expect(await isIn(agent)).to.equal(true);
      const done = await owner.submit(linked, {});
      expect(done.html).to.include('href="/reset"');
      expect(await account(person.accountId)).to.include({ email: former, isConfirmed: true });
      expect(await isIn(agent)).to.equal(false);
      expect((await owner.open(await undoUrl(former))).status).to.equal(410);
      expect((await owner.submit(linked, {})).status).to.equal(410);
    });

    it("is told of by the activity, each way", async () => {
      const { person, former } = await changed();
      const owner = createUserAgent(server.issuer);
      await owner.submit(await owner.open(await undoUrl(former)), {});
      await server.app.flushActivity();
      const events = await server.app.accountEvents.listOfAccount(toAccountId(person.accountId), {
        after: undefined,
        limit: 10,
      });
      const kinds = events.map(({ kind }) => kind);
      expect(kinds).to.include.members(["email-changed", "disowned", "email-restored"]);
    });

    it("also after the address was changed once more, and the one between has no say", async () => {
      const { person, former, agent, email } = await changed();
      const last = newAddress();
      const page = await agent.open(`${server.issuer}/account/email`);
      await enter(agent, await begin(agent, page, last), (await codeIn(last)).code);
      const between = await mailTo(server, email, "email_changed");
      expect(between.values).not.to.have.property("notMeUrl");
      const owner = createUserAgent(server.issuer);
      await owner.submit(await owner.open(await undoUrl(former)), {});
      expect(await account(person.accountId)).to.include({ email: former });
    });

    it("leaves nothing open that was asked for meanwhile", async () => {
      const { person, former, agent } = await changed();
      const next = newAddress();
      const page = await agent.open(`${server.issuer}/account/email`);
      await begin(agent, page, next);
      const { url } = await codeIn(next);
      const owner = createUserAgent(server.issuer);
      await owner.submit(await owner.open(await undoUrl(former)), {});
      expect((await owner.open(url)).status).to.equal(410);
      expect(await account(person.accountId)).to.include({ email: former });
    });
  });
});
