import { randomBytes } from "node:crypto";
import { expect } from "chai";
import type { Account } from "../../src/accounts/account.js";
import { answerPasskey, findPasskeyForm, hasPasskeyForm } from "../support/passkey-forms.js";
import { givePasskey } from "../support/give-passkey.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import type { CeremonyLies, SoftwareAuthenticator } from "../support/software-authenticator.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const AMR = JSON.stringify({ id_token: { amr: null } });

describe("sign-in with passkeys", () => {
  let server: TestServer;
  let party: RelyingParty;
  let account: Account;
  let authenticator: SoftwareAuthenticator;
  let people = 0;

  before(async () => {
    server = await startTestServer();
    party = await connect(server, await createTestClient(server, {}, { firstParty: true }));
  });
  after(() => server.close());
  beforeEach(async () => {
    account = await createPerson();
    authenticator = await givePasskey(server, account);
  });

  const browser = () => createUserAgent(server.issuer);
  const createPerson = () => server.app.createAccount({ username: `person${++people}` });
  const lastSignIn = () =>
    server.logs.findLast((line) => line["audit"] === true && line["event"] === "sign_in");
  const isRefused = (page: Page) => page.status === 422 && /Error: /.test(page.html);

  async function openLogin(agent: UserAgent): Promise<Page> {
    return agent.open((await party.begin()).url);
  }

  it("ends at the application, with what happened in the ID token (RFC 8176, EAP ACR Values)", async () => {
    for (const synced of [true, false]) {
      const key = await givePasskey(server, account, { synced });
      const agent = browser();
      const attempt = await party.begin({ acr_values: "phr", claims: AMR });
      const page = await agent.open(attempt.url);
      const { url: callback } = await answerPasskey(agent, page, key);
      const { claims } = await party.redeem(attempt, callback);
      expect(claims).to.deep.include({ sub: account.id, acr: "phr" });
      expect(claims?.["amr"]).to.deep.equal([synced ? "swk" : "hwk", "user", "mfa"]);
      expect(lastSignIn()).to.deep.include({
        outcome: "success",
        by: "passkey",
        accountId: account.id,
      });
    }
  });

  it("asks for a verified person and names nobody's passkeys (Web Authentication §14.6.2)", async () => {
    const { options } = findPasskeyForm(await openLogin(browser()));
    expect(options).to.deep.include({
      rpId: "localhost",
      userVerification: "required",
      allowCredentials: [],
    });
  });

  const LIES: Record<string, CeremonyLies & { origin?: string }> = {
    "signed at another origin": { origin: "http://localhost.evil.example" },
    "signed for another RP ID": { rpId: "evil.example" },
    "signed for another challenge": { challenge: randomBytes(32).toString("base64url") },
    "without verification of the person": { verified: false },
    "of another user": { userHandle: randomBytes(32).toString("base64url") },
    "that nobody has": { credentialId: randomBytes(16) },
  };
  for (const [what, lies] of Object.entries(LIES)) {
    it(`refuses a passkey ${what}, in the same words, and takes the right one after it`, async () => {
      const agent = browser();
      const refused = await answerPasskey(agent, await openLogin(agent), authenticator, lies);
      expect(isRefused(refused)).to.equal(true);
      expect(refused.html).to.include("That passkey cannot be used here.");
      expect(lastSignIn()).to.deep.include({ outcome: "failure", by: "passkey" });
      const accepted = await answerPasskey(agent, refused, authenticator);
      expect(accepted.url.searchParams.get("code")).to.be.a("string");
    });
  }

  it("says which passkey its manager may forget, only of one that is not here", async () => {
    const agent = browser();
    const login = await openLogin(agent);
    const credentialId = randomBytes(16);
    const unknown = await answerPasskey(agent, login, authenticator, { credentialId });
    const told = /data-unknown-passkey="([^"]*)"/.exec(unknown.html)?.[1] ?? "";
    expect(JSON.parse(told.replaceAll("&quot;", '"'))).to.deep.equal({
      rpId: "localhost",
      credentialId: credentialId.toString("base64url"),
    });
    const known = await answerPasskey(agent, unknown, authenticator, { verified: false });
    expect(known.html).to.not.include("data-unknown-passkey");
  });

  it("refuses a disabled account in the same words", async () => {
    await server.app.setDisabled(account.id, true);
    const agent = browser();
    const page = await answerPasskey(agent, await openLogin(agent), authenticator);
    expect(isRefused(page)).to.equal(true);
    expect(page.html).to.include("That passkey cannot be used here.");
    expect(lastSignIn()).to.deep.include({ reason: "disabled", accountId: account.id });
  });

  it("refuses a counter that did not grow", async () => {
    const counting = await givePasskey(server, account, { counts: true });
    const agent = browser();
    await answerPasskey(agent, await openLogin(agent), counting, { counter: 9 });
    const other = browser();
    const copied = await answerPasskey(other, await openLogin(other), counting, { counter: 9 });
    expect(isRefused(copied)).to.equal(true);
    expect(lastSignIn()).to.deep.include({ reason: "counter_not_grown" });
  });

  it("takes a challenge once, also when it comes twice at once (FT-06)", async () => {
    const agent = browser();
    const login = await openLogin(agent);
    const answers = await Promise.all([1, 2].map(() => answerPasskey(agent, login, authenticator)));
    expect(answers.filter(isRefused)).to.have.length(1);
    const again = await answerPasskey(agent, login, authenticator);
    expect(again.status).to.not.equal(303);
  });

  it("takes a challenge for ten minutes, from the browser and the page that it was given to", async () => {
    const agent = browser();
    const login = await openLogin(agent);
    await laterBy(601, async () => {
      expect(isRefused(await answerPasskey(agent, login, authenticator))).to.equal(true);
    });
    const stranger = browser();
    const theirs = await openLogin(stranger);
    for (const [field, pattern] of [
      ["passkey_challenge", /name="passkey_challenge" value="([^"]*)"/],
    ] as const) {
      const foreign = pattern.exec(login.html)?.[1] ?? "";
      const { challenge } = findPasskeyForm(login).options;
      const page = await answerPasskey(stranger, theirs, authenticator, {
        challenge,
        fields: { [field]: foreign },
      });
      expect(isRefused(page)).to.equal(true);
      expect(lastSignIn()).to.deep.include({ reason: "stale_challenge" });
    }
  });

  it("goes on when the interaction has expired meanwhile", async () => {
    const agent = browser();
    const login = await openLogin(agent);
    const { uid } = /\/interaction\/(?<uid>[^/]+)/.exec(login.url.pathname)?.groups ?? {};
    await (await server.app.provider.Interaction.find(String(uid)))?.destroy();
    const page = await answerPasskey(agent, login, authenticator);
    expect(page.url.searchParams.get("code")).to.be.a("string");
  });

  describe("at the account's own pages", () => {
    const at = (path: string) => `${server.issuer}/account${path}`;

    it("signs in, and refuses there in the same words", async () => {
      const agent = browser();
      const page = await agent.open(at("/sign-in"));
      const refused = await answerPasskey(agent, page, authenticator, { verified: false });
      expect(isRefused(refused)).to.equal(true);
      const inside = await answerPasskey(agent, refused, authenticator);
      expect(inside.url.pathname).to.equal("/account/security");
      expect(inside.html).to.include(account.username);
    });

    it("confirms an act by a passkey of the very account, and by nobody else's", async () => {
      const agent = browser();
      await answerPasskey(agent, await agent.open(at("/sign-in")), authenticator);
      const elsewhere = browser();
      await answerPasskey(elsewhere, await elsewhere.open(at("/sign-in")), authenticator);
      await laterBy(301, async () => {
        const page = await agent.open(at("/sign-ins"));
        const asked = await agent.submit(page, { act: "end-others" }, { action: /\/acts$/ });
        expect(asked.html).to.include("Confirm with a passkey");
        const { options } = findPasskeyForm(asked);
        const known = await server.app.passkeys.listOfAccount(account.id);
        expect(
          "allowCredentials" in options && options.allowCredentials.map(({ id }) => id),
        ).to.deep.equal(known.map(({ credentialId }) => credentialId));

        const other = await givePasskey(server, await createPerson());
        const allowCredentials = [] as const;
        const refused = await answerPasskey(agent, asked, other, { allowCredentials });
        expect(isRefused(refused)).to.equal(true);
        expect(lastSignIn()).to.deep.include({ reason: "other_account", accountId: account.id });
        const done = await answerPasskey(agent, refused, authenticator);
        expect(done.html).to.include('role="status"');
        expect(done.url.pathname).to.equal("/account/sign-ins");
      });
    });
  });

  it("is not offered where passkeys are off, or the host is an address", async () => {
    for (const environment of [{ PASSKEYS: "false" }, { ISSUER: "http://127.0.0.1:{port}" }]) {
      const other = await startTestServer({ environment });
      const client = await createTestClient(other, {}, { firstParty: true });
      const its = await connect(other, client);
      const page = await createUserAgent(other.issuer).open((await its.begin()).url);
      expect(page.status).to.equal(200);
      expect(hasPasskeyForm(page)).to.equal(false);
      expect(page.html).to.not.include("webauthn");
      await other.close();
    }
  });
});
