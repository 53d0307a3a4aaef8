import { expect } from "chai";
import { toAccountId } from "../../src/accounts/account.js";
import { mailTo } from "../support/account-mail.js";
import { createPerson, headingOf, noticeOf, openAccount } from "../support/account-browser.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

describe("taking one's data along, and leaving (AU-06)", () => {
  let server: TestServer;
  let rp: RelyingParty;
  before(async () => {
    server = await startTestServer();
    rp = await connect(server, await createTestClient(server, { client_name: "Notes" }));
  });
  after(() => server.close());

  const at = (path: string) => `${server.issuer}/account${path}`;
  const download = async (agent: UserAgent) =>
    agent.submit(await agent.open(at("/data")), {}, { action: /\/export$/ });
  const remove = async (agent: UserAgent, page: Page, username: string) =>
    agent.submit(page, { username }, { action: /\/delete$/ });
  const find = async (username: string) =>
    (await server.app.accounts.findForSignIn(username))?.account;

  it("hands out all that is kept as JSON, and no secret", async () => {
    const person = await createPerson(server);
    await signInWith({ ...server, ...person }, rp, { parameters: { scope: "openid email" } });
    const { agent } = await openAccount(server, person);
    await server.app.flushActivity();
    const file = await download(agent);
    expect(file.headers.get("Content-Disposition")).to.include("attachment");
    expect(file.headers.get("Cache-Control")).to.equal("no-store");
    const data = JSON.parse(file.html) as Record<string, Record<string, unknown>[]>;
    expect(data["account"]).to.include({ id: person.accountId, email_verified: true });
    expect(data["session"]).to.have.length(2);
    expect(data["app"]?.[0]).to.include({ name: "Notes" });
    expect(data["consent"]?.map(({ value }) => value)).to.include("email");
    expect(data["account_event"]).to.not.have.length(0);
    expect(file.html).to.not.include("$argon2").and.not.include("csrf");
    for (const { value } of agent.cookies) expect(file.html).to.not.include(value);
  });

  it("asks for a fresh sign-in before either", async () => {
    const person = await createPerson(server);
    const { agent, page } = await openAccount(server, person, "/data");
    await laterBy(301, async () => {
      const answer = await agent.submit(page, {}, { action: /\/export$/ });
      expect(answer.url.pathname).to.equal("/account/confirm");
      expect((await agent.open(at("/data/delete"))).url.pathname).to.equal("/account/confirm");
    });
  });

  it("takes the typed user name for a decision, and nothing else", async () => {
    const person = await createPerson(server);
    const { agent, page } = await openAccount(server, person, "/data/delete");
    const answer = await remove(agent, page, "something else");
    expect(answer.status).to.equal(422);
    expect(answer.html)
      .to.match(/<title>Error: /)
      .and.include('value="something else"');
    expect(await find(person.username)).to.include({ disabled: false });
  });

  it("ends everything at once, and lets the person sign in to one page alone", async () => {
    const person = await createPerson(server);
    const there = await signInWith({ ...server, ...person }, rp, {
      parameters: { scope: "openid offline_access", prompt: "consent" },
    });
    const { agent, page } = await openAccount(server, person, "/data/delete");
    const gone = await remove(agent, page, person.username);
    expect(headingOf(gone)).to.equal("You are signed out everywhere");
    expect(gone.html).to.include("Your account will be deleted on");
    expect(await rp.refresh(there.tokens.refresh_token ?? "").catch(String)).to.be.a("string");
    expect((await there.agent.open(at("/security"))).url.pathname).to.equal("/account/sign-in");

    const { agent: back, page: seen } = await openAccount(server, person, "/apps");
    expect(seen.url.pathname).to.equal("/account/deletion");
    const { url } = await rp.begin({ prompt: "none" });
    const refused = await back.open(url);
    expect(refused.url.searchParams.get("error")).to.equal("login_required");
    const kept = await back.submit(seen, {}, { action: /\/keep$/ });
    expect(noticeOf(kept)).to.include("Your account stays.");
    expect((await back.open(at("/apps"))).url.pathname).to.equal("/account/apps");
  });

  it("is no way in to an application either", async () => {
    const person = await createPerson(server);
    const { agent, page } = await openAccount(server, person, "/data/delete");
    await remove(agent, page, person.username);
    const other = createUserAgent(server.issuer);
    const login = await other.open((await rp.begin()).url);
    const fields = { identifier: person.username, password: person.password };
    const seen = await other.submit(login, fields, { action: /\/login$|interaction/ });
    expect(seen.url.pathname).to.equal("/account/deletion");
  });

  it("deletes the account when its time has come, at one node of many, with a last line", async () => {
    const person = await createPerson(server);
    const { agent, page } = await openAccount(server, person, "/data/delete");
    await remove(agent, page, person.username);
    expect(await server.app.deleteAccount.deleteNext()).to.equal(false);
    await server.database
      .knex("account")
      .where("id", person.accountId)
      .update({ deletion_due_at: 1 });
    const { page: late } = await openAccount(server, person, "/security");
    expect(late.url.pathname).to.equal("/account/deletion");
    await Promise.all([
      server.app.deleteAccount.deleteNext(),
      server.app.deleteAccount.deleteNext(),
    ]);
    expect(await find(person.username)).to.equal(undefined);
    const { page: after } = await openAccount(server, person, "/security");
    expect(after.url.pathname).to.equal("/account/sign-in");
    const told = server.logs.filter(
      (line) => line["event"] === "account.deleted" && line["accountId"] === person.accountId,
    );
    expect(told).to.have.length(1);
  });

  describe("kept by the link in the mail, by whoever is not signed in", () => {
    async function requested(person?: Awaited<ReturnType<typeof createPerson>>) {
      const leaving = person ?? (await createPerson(server));
      const id = toAccountId(leaving.accountId);
      const due = await server.app.deleteAccount.request(id, { by: "account" });
      const { values } = await mailTo(
        server,
        `${leaving.username}@example.com`,
        "deletion_requested",
      );
      return { person: leaving, id, due, keep: "keep" in values ? values.keep : undefined };
    }
    const isLeaving = async (username: string) =>
      (await find(username))?.deletionDueAtSeconds !== undefined;

    it("stays once, at both of two at once one does it; opening the link does nothing", async () => {
      const { person, due, keep } = await requested();
      expect(keep?.untilSeconds).to.equal(due);
      const agent = createUserAgent(server.issuer);
      const page = await agent.open(keep?.url ?? "");
      expect(headingOf(page)).to.equal("Keep your account?");
      expect(page.html).to.include(person.username);
      expect(page.headers.get("referrer-policy")).to.equal("no-referrer");
      expect(await isLeaving(person.username)).to.equal(true);
      const answers = await Promise.all([agent.submit(page, {}), agent.submit(page, {})]);
      expect(answers.map(({ status }) => status)).to.have.members([200, 410]);
      expect(answers.map(headingOf)).to.include("Your account stays");
      expect(await isLeaving(person.username)).to.equal(false);
      expect((await agent.open(keep?.url ?? "")).status).to.equal(410);
      await mailTo(server, `${person.username}@example.com`, "deletion_cancelled");
    });

    it("does not count for another deletion, after its time, or when it was made up", async () => {
      const { person, id, keep } = await requested();
      await server.app.deleteAccount.keep(id, "account");
      const agent = createUserAgent(server.issuer);
      expect((await agent.open(keep?.url ?? "")).status).to.equal(410);
      const again = await requested(person);
      expect((await agent.open(keep?.url ?? "")).status).to.equal(410);
      const page = await agent.open(again.keep?.url ?? "");
      await server.database.knex("account").where({ id }).update({ deletion_due_at: 1 });
      expect((await agent.submit(page, {})).status).to.equal(410);
      expect(await isLeaving(person.username)).to.equal(true);
      const madeUp = at(`/deletion/link?token=${"A".repeat(43)}`);
      for (const url of [madeUp, at("/deletion/link"), at("/deletion/link?token[]=1")]) {
        expect((await agent.open(url)).status).to.equal(410);
      }
    });
  });

  it("gives a new account of the same name another subject", async () => {
    const person = await createPerson(server);
    await server.app.deleteAccount.request(person.accountId as never, {
      by: "administrator",
      atOnce: true,
    });
    await server.app.deleteAccount.deleteNext();
    const next = await server.app.createAccount({ username: person.username });
    expect(next.id).to.not.equal(person.accountId);
  });
});
