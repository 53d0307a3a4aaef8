import { expect } from "chai";
import { setDisabled, setPassword } from "../../src/commands/account-commands.js";
import { mailsTo, mailTo } from "../support/account-mail.js";
import { createPerson, openAccount } from "../support/account-browser.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent } from "../support/user-agent.js";

/** People are told what happened to their account (ASVS 5.0 6.3.5, 6.3.7). */
describe("security notices", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const addressOf = ({ username }: { readonly username: string }) => `${username}@example.com`;
  const templatesTo = async (address: string) =>
    (await mailsTo(server, address)).map(({ template }) => template);
  const grownUp = (accountId: string) =>
    server.database.knex("account").where({ id: accountId }).update({ created_at: 1 });

  it("tell of a password that an administrator set, and of an account that was disabled", async () => {
    const person = await createPerson(server);
    await setPassword(server.app, person.username, "yet another long passphrase");
    const { values } = await mailTo(server, addressOf(person), "password_changed");
    expect(values)
      .to.have.property("notMeUrl")
      .that.matches(/\/account\/not-me\?token=/);
    await setDisabled(server.app, person.username, true);
    const disabled = await mailTo(server, addressOf(person), "account_disabled");
    expect(disabled.values).not.to.have.property("notMeUrl");
  });

  it("go to confirmed addresses alone", async () => {
    const { id } = await server.app.createAccount({
      username: "unconfirmed",
      email: "unconfirmed@example.com",
      profile: {},
    });
    await server.app.notify(id, "password_changed");
    expect(await templatesTo("unconfirmed@example.com")).to.deep.equal([]);
  });

  it("never fail what they tell of", async () => {
    await server.app.notify("acct_none", "password_changed");
    await server.app.notify("nul\0", "password_changed");
  });

  it("tell of a sign-in on a new device, once, and not of the first of a new account", async () => {
    const person = await createPerson(server);
    await openAccount(server, person);
    expect(await templatesTo(addressOf(person))).to.deep.equal([]);
    await grownUp(person.accountId);
    await server.app.setDisabled(
      (await server.app.accounts.findForSignIn(person.username))?.account.id as never,
      false,
    );
    const { agent } = await openAccount(server, person);
    expect(await templatesTo(addressOf(person))).to.deep.equal(["new_device"]);
    const again = await agent.open(`${server.issuer}/account/sign-in`);
    const fields = { identifier: person.username, password: person.password };
    await agent.submit(again, fields, { action: /\/sign-in$/ });
    expect(await templatesTo(addressOf(person))).to.deep.equal(["new_device"]);
  });

  describe("whoever it was not", () => {
    async function told() {
      const person = await createPerson(server);
      const { agent } = await openAccount(server, person);
      await server.app.notify(person.accountId, "passkey_added", { name: "A phone" });
      const { values } = await mailTo(server, addressOf(person), "passkey_added");
      const url = "notMeUrl" in values ? (values.notMeUrl ?? "") : "";
      return { person, agent, url };
    }

    it("signs all devices out by the link, once, without being signed in; opening it does nothing", async () => {
      const { person, agent, url } = await told();
      const owner = createUserAgent(server.issuer);
      const page = await owner.open(url);
      expect(page.html).to.include(person.username).and.to.include("A passkey was added");
      expect(page.headers.get("referrer-policy")).to.equal("no-referrer");
      const isIn = async () =>
        (await agent.open(`${server.issuer}/account/security`)).url.pathname ===
        "/account/security";
      expect(await isIn()).to.equal(true);
      const done = await owner.submit(page, {});
      expect(done.html).to.include("All devices and apps are signed out");
      expect(done.html).to.include('href="/reset"');
      expect(await isIn()).to.equal(false);
      const audited = server.logs.findLast(({ event }) => event === "account.disowned");
      expect(audited).to.include({ accountId: person.accountId, kind: "passkey_added" });
      expect((await owner.open(url)).status).to.equal(410);
    });

    it("keeps an account whose deletion it was that they were told of, and everything ends", async () => {
      const person = await createPerson(server);
      const { agent } = await openAccount(server, person);
      await server.app.deleteAccount.request(person.accountId as never, { by: "account" });
      const isLeaving = async () =>
        (await server.app.accounts.find(person.accountId as never))?.deletionDueAtSeconds !==
        undefined;
      const { values } = await mailTo(server, addressOf(person), "deletion_requested");
      const url = "notMeUrl" in values ? (values.notMeUrl ?? "") : "";
      const owner = createUserAgent(server.issuer);
      const page = await owner.open(url);
      expect(page.html).to.include("keep the account and sign out everywhere");
      expect(await isLeaving()).to.equal(true);
      const done = await owner.submit(page, {});
      expect(done.html).to.include("Your account will not be deleted").and.include('href="/reset"');
      expect(await isLeaving()).to.equal(false);
      expect(await templatesTo(addressOf(person))).to.include("deletion_cancelled");
      const audited = server.logs.findLast(({ event }) => event === "account.deletion_cancelled");
      expect(audited).to.include({ accountId: person.accountId, by: "account" });
      const seen = await agent.open(`${server.issuer}/account/security`);
      expect(seen.url.pathname).to.equal("/account/sign-in");
      expect((await owner.open(url)).status).to.equal(410);
    });

    it("promises nothing about a deletion that was cancelled before", async () => {
      const person = await createPerson(server);
      const { deleteAccount } = server.app;
      await deleteAccount.request(person.accountId as never, { by: "account" });
      await deleteAccount.keep(person.accountId as never, "account");
      const { values } = await mailTo(server, addressOf(person), "deletion_requested");
      const url = "notMeUrl" in values ? (values.notMeUrl ?? "") : "";
      const owner = createUserAgent(server.issuer);
      const done = await owner.submit(await owner.open(url), {});
      expect(done.html).to.include("All devices and apps are signed out");
      expect(done.html).not.to.include("deleted");
    });

    it("gets nowhere by a link that is guessed, empty or missing, or by a form from elsewhere", async () => {
      const { url } = await told();
      const agent = createUserAgent(server.issuer);
      for (const query of ["?token=guessed", "?token=", "", "?token=%00", "?token=a&token=b"]) {
        const page = await agent.open(`${server.issuer}/account/not-me${query}`);
        expect(page.status).to.equal(410);
        expect(page.html).to.include("This link does not count any more");
      }
      const token = new URL(url).searchParams.get("token") ?? "";
      const forged = await fetch(`${server.issuer}/account/not-me`, {
        method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ token }),
        redirect: "manual",
      });
      expect(forged.status).to.equal(303);
      expect((await agent.open(url)).status).to.equal(200);
    });
  });
});
