import { expect } from "chai";
import { createPerson, noticeOf, openAccount } from "../support/account-browser.js";
import { answerPasskey, findPasskeyForm, hasPasskeyForm } from "../support/passkey-forms.js";
import { laterBy } from "../support/shift-time.js";
import { createSoftwareAuthenticator } from "../support/software-authenticator.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

describe("passkeys on the account's pages", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const at = (path: string) => `${server.issuer}/account/passkeys${path}`;
  const lastAudit = (event: string) =>
    server.logs.findLast((line) => line["audit"] === true && line["event"] === event);
  const namesIn = ({ html }: Page) =>
    Array.from(html.matchAll(/<h2>.*?<\/svg>\s*<span>([^<]*)/gs), ([, name]) => name);

  async function withPasskey() {
    const person = await createPerson(server);
    const { agent, page } = await openAccount(server, person, "/passkeys/new");
    const authenticator = createSoftwareAuthenticator({ synced: true });
    return { person, agent, authenticator, page: await answerPasskey(agent, page, authenticator) };
  }

  const remove = (agent: UserAgent, page: Page) =>
    agent.submit(page, { act: "remove-passkey" }, { action: /\/acts$/ });

  it("adds one after a fresh sign-in, which signs in from then on", async () => {
    const { person, authenticator, page } = await withPasskey();
    expect(page.url.href).to.equal(at(""));
    expect(noticeOf(page)).to.match(/^You can sign in with .* now\.$/);
    expect(page.html).to.include("Synced").and.include("Not used yet");
    expect(lastAudit("passkey.added")).to.deep.include({
      outcome: "success",
      accountId: person.accountId,
    });
    const other = createUserAgent(server.issuer);
    const login = await other.open(`${server.issuer}/account/sign-in`);
    const inside = await answerPasskey(other, login, authenticator);
    expect(inside.url.pathname).to.equal("/account/security");
    expect((await other.open(at(""))).html).to.include("Last used on");
  });

  it("asks for a fresh sign-in first when the last one is five minutes old", async () => {
    const person = await createPerson(server);
    const { agent, page: fresh } = await openAccount(server, person, "/passkeys/new");
    await laterBy(301, async () => {
      const stale = await answerPasskey(agent, fresh, createSoftwareAuthenticator());
      expect(stale.url.pathname).to.equal("/account/confirm");
      const { password } = person;
      const open = await agent.submit(stale, { password }, { action: /\/confirm$/ });
      expect(open.url.href).to.equal(at("/new"));
      const added = await answerPasskey(agent, open, createSoftwareAuthenticator());
      expect(added.url.href).to.equal(at(""));
    });
    const { passkeys } = server.app;
    expect(await passkeys.listOfAccount(person.accountId as never)).to.have.length(1);
  });

  it("asks for a discoverable one, of a verified person, under a name that tells nothing (§14.6.1)", async () => {
    const { person, agent } = await withPasskey();
    const { options } = findPasskeyForm(await agent.open(at("/new")));
    if (!("rp" in options)) throw new Error("no creation");
    expect(options.rp.id).to.equal("localhost");
    expect(options.authenticatorSelection).to.deep.include({
      residentKey: "required",
      userVerification: "required",
    });
    expect(options.attestation).to.equal("none");
    expect(options.excludeCredentials).to.have.length(1);
    const [passkey] = await server.app.passkeys.listOfAccount(person.accountId as never);
    expect(options.user.id).to.equal(passkey?.userHandle);
    expect(Buffer.from(options.user.id, "base64url").toString()).to.not.include(person.accountId);
    expect(Buffer.from(options.user.id, "base64url")).to.have.length(32);
  });

  it("refuses what was made elsewhere or for another page, adds nothing, and takes the right one after it", async () => {
    const person = await createPerson(server);
    const { agent, page } = await openAccount(server, person, "/passkeys/new");
    let shown = page;
    for (const lies of [
      { origin: "http://localhost.evil.example" },
      { rpId: "evil.example" },
      { verified: false },
      { isDiscoverable: false },
      { challenge: "AAAA" },
    ]) {
      shown = await answerPasskey(agent, shown, createSoftwareAuthenticator(), lies);
      expect(shown.status).to.equal(422);
      expect(shown.html)
        .to.match(/<title>Error: /)
        .and.include("No passkey was added.");
      expect(lastAudit("passkey.added")).to.deep.include({ outcome: "failure" });
    }
    const again = await answerPasskey(agent, page, createSoftwareAuthenticator());
    expect(again.status).to.equal(422);
    const added = await answerPasskey(agent, again, createSoftwareAuthenticator());
    expect(namesIn(added)).to.have.length(1);
  });

  it("gives a passkey another name, and keeps markup in it inert", async () => {
    const { agent, page } = await withPasskey();
    const href = /href="([^"]*\/passkeys\/name[^"]*)"/.exec(page.html)?.[1] ?? "";
    const form = await agent.open(new URL(href, page.url));
    const action = { action: /\/name$/ };
    const missing = await agent.submit(form, { name: " \u200b " }, action);
    expect(missing.status).to.equal(422);
    expect(missing.html).to.include("Enter a name.");
    const renamed = await agent.submit(missing, { name: "<b>My</b> laptop" }, action);
    expect(namesIn(renamed)).to.deep.equal(["&lt;b&gt;My&lt;/b&gt; laptop"]);
    expect(noticeOf(renamed)).to.equal("The name is saved.");
  });

  it("changes nothing of somebody else's", async () => {
    const owner = await withPasskey();
    const { credentialId = "" } =
      (await server.app.passkeys.listOfAccount(owner.person.accountId as never))[0] ?? {};
    const { agent, page } = await withPasskey();
    await agent.submit(
      page,
      { passkey: credentialId, act: "remove-passkey" },
      { action: /\/acts$/ },
    );
    const form = await agent.open(
      new URL(/href="([^"]*\/passkeys\/name[^"]*)"/.exec(page.html)?.[1] ?? "", page.url),
    );
    await agent.submit(form, { passkey: credentialId, name: "Mine" }, { action: /\/name$/ });
    expect(namesIn(await agent.open(at(`/name?passkey=${credentialId}`)))).to.have.length(1);
    expect(await server.app.passkeys.find(credentialId)).to.deep.include({
      accountId: owner.person.accountId,
      name: "Passkey",
    });
  });

  it("removes one, never the last way in, and tells passkey managers which are left", async () => {
    const { person, agent, page, authenticator } = await withPasskey();
    expect(page.html).to.include("allAcceptedCredentialIds");
    const done = await remove(agent, page);
    expect(noticeOf(done)).to.match(/no longer signs you in\.$/);
    expect(done.url.href).to.equal(at(""));
    expect(lastAudit("passkey.removed")).to.deep.include({ accountId: person.accountId });
    const other = createUserAgent(server.issuer);
    const login = await other.open(`${server.issuer}/account/sign-in`);
    expect((await answerPasskey(other, login, authenticator)).status).to.equal(422);

    const added = await answerPasskey(agent, await agent.open(at("/new")), authenticator);
    await server.database
      .knex("password_credential")
      .where({ account_id: person.accountId })
      .delete();
    const only = await agent.open(at(""));
    expect(only.html).to.include("You cannot remove it").and.not.include('value="remove-passkey"');
    expect(noticeOf(await remove(agent, added))).to.match(/^Nothing was removed: /);
    expect(namesIn(await agent.open(at("")))).to.have.length(1);
  });

  it("needs a sign-in, and is not there where passkeys are off", async () => {
    for (const path of ["", "/new", "/name"]) {
      const page = await createUserAgent(server.issuer).open(at(path));
      expect(page.url.pathname).to.equal("/account/sign-in");
    }
    const other = await startTestServer({ environment: { PASSKEYS: "false" } });
    const { agent, page } = await openAccount(other, { ...other });
    expect(page.html).to.not.include("passkey");
    for (const path of ["", "/new", "/name"]) {
      const answer = await agent.open(`${other.issuer}/account/passkeys${path}`);
      expect(answer.status).to.equal(404);
      expect(hasPasskeyForm(answer)).to.equal(false);
    }
    await other.close();
  });
});
