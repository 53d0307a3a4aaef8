import { expect } from "chai";
import { createPerson, type AccountPerson } from "../support/account-browser.js";
import { answerPasskey, hasPasskeyForm } from "../support/passkey-forms.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { createSoftwareAuthenticator } from "../support/software-authenticator.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

describe("the offer of a passkey after a sign-in with a password", () => {
  let server: TestServer;
  let party: RelyingParty;
  let person: AccountPerson;
  before(async () => {
    server = await startTestServer();
    party = await connect(server, await createTestClient(server, {}, { firstParty: true }));
  });
  after(() => server.close());
  beforeEach(async () => {
    person = await createPerson(server);
  });

  async function signIn(agent: UserAgent, fields: Record<string, string> = {}, its = party) {
    const page = await agent.open((await its.begin({ prompt: "login" })).url);
    const { username: identifier, password } = person;
    const typed = { can_make_passkey: "yes", identifier, password, ...fields };
    return agent.submit(page, typed, { action: /\/login$/ });
  }

  const isOffer = ({ url }: Page) => url.pathname === "/passkey-offer";
  const hasCode = ({ url }: Page) => url.searchParams.has("code");
  const notNow = ({ html, url }: Page) =>
    new URL(/class="button button--choice" href="([^"]*)"/.exec(html)?.[1] ?? "", url);
  const listPasskeys = () => server.app.passkeys.listOfAccount(person.accountId as never);

  it("is made once in 30 days, and leads on to the application when it is declined", async () => {
    const agent = createUserAgent(server.issuer);
    const offered = await signIn(agent);
    expect(isOffer(offered)).to.equal(true);
    expect(hasCode(await agent.open(notNow(offered)))).to.equal(true);
    expect(hasCode(await signIn(agent))).to.equal(true);
    const asked = agent.cookies.find(({ name }) => name === "latchkey_asked");
    const days = ((asked?.expiresAtMs ?? 0) - Date.now()) / (24 * 3600 * 1000);
    expect(days).to.be.closeTo(30, 0.1);
    agent.cookies.splice(0, agent.cookies.length, ...agent.cookies.filter((c) => c !== asked));
    expect(isOffer(await signIn(agent))).to.equal(true);
  });

  it("adds a passkey, which counts, and leads on", async () => {
    const agent = createUserAgent(server.issuer);
    const authenticator = createSoftwareAuthenticator();
    const done = await answerPasskey(agent, await signIn(agent), authenticator);
    expect(hasCode(done)).to.equal(true);
    expect(await listPasskeys()).to.have.length(1);
    const other = createUserAgent(server.issuer);
    const login = await other.open((await party.begin()).url);
    expect(hasCode(await answerPasskey(other, login, authenticator))).to.equal(true);
  });

  it("says so when no passkey was made, and can be declined after it", async () => {
    const agent = createUserAgent(server.issuer);
    const offered = await signIn(agent);
    const lies = { verified: false };
    const refused = await answerPasskey(agent, offered, createSoftwareAuthenticator(), lies);
    expect(refused.status).to.equal(422);
    expect(refused.html).to.match(/<title>Error: /);
    expect(hasCode(await agent.open(notNow(refused)))).to.equal(true);
    expect(await listPasskeys()).to.deep.equal([]);
  });

  it("adds none when the sign-in is five minutes old, and leads on all the same", async () => {
    const agent = createUserAgent(server.issuer);
    const offered = await signIn(agent);
    await laterBy(301, async () => {
      const late = await answerPasskey(agent, offered, createSoftwareAuthenticator());
      expect(hasCode(late)).to.equal(true);
    });
    expect(await listPasskeys()).to.deep.equal([]);
  });

  it("counts in the browser that signed in alone", async () => {
    const agent = createUserAgent(server.issuer);
    const offered = await signIn(agent);
    const stranger = createUserAgent(server.issuer);
    expect(isOffer(await stranger.open(offered.url))).to.equal(false);
    const stolen = await answerPasskey(stranger, offered, createSoftwareAuthenticator());
    expect(stolen.url.pathname).to.equal("/account/sign-in");
    expect(await listPasskeys()).to.deep.equal([]);
  });

  it("is not made to a browser that has none, to who has one, or by somebody's setting", async () => {
    const agent = createUserAgent(server.issuer);
    expect(hasCode(await signIn(agent, { can_make_passkey: "" }))).to.equal(true);
    await answerPasskey(agent, await signIn(agent), createSoftwareAuthenticator());
    expect(hasCode(await signIn(createUserAgent(server.issuer)))).to.equal(true);
    for (const environment of [{ PASSKEY_OFFER: "false" }, { PASSKEYS: "false" }]) {
      const other = await startTestServer({ environment });
      const its = await connect(other, await createTestClient(other, {}, { firstParty: true }));
      person = await createPerson(other);
      const page = await signIn(createUserAgent(other.issuer), {}, its);
      expect(hasCode(page)).to.equal(true);
      expect(hasPasskeyForm(page)).to.equal(false);
      await other.close();
    }
  });

  it("tells passkey managers where passkeys are added and managed (W3C passkey endpoints)", async () => {
    const answer = await fetch(`${server.issuer}/.well-known/passkey-endpoints`);
    expect(answer.headers.get("Content-Type")).to.match(/^application\/json/);
    expect(await answer.json()).to.deep.equal({
      enroll: `${server.issuer}/account/passkeys/new`,
      manage: `${server.issuer}/account/passkeys`,
    });
  });
});
