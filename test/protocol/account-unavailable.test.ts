import { expect } from "chai";
import type { AccountId } from "../../src/accounts/account.js";
import { refusalOf } from "../support/oauth-error.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type UserAgent } from "../support/user-agent.js";

const PASSWORD = "a third correct horse battery";
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/** AC-22, AC-45, ASVS 7.4.2: somebody who is gone has no session, no tokens and no way in. */
describe("an account that is not available any more", () => {
  let server: TestServer;
  let rp: RelyingParty;
  let people = 0;
  before(async () => {
    server = await startTestServer();
    rp = await connect(server, await createTestClient(server));
  });
  after(() => server.close());

  const ways: Record<string, (id: AccountId) => Promise<unknown>> = {
    disabled: (id) => server.app.accounts.setDisabled(id, true),
    deleted: () => server.app.accounts.deleteDemonstration(),
  };

  for (const [way, end] of Object.entries(ways)) {
    describe(`because it was ${way}`, () => {
      it("is asked to sign in again when its session comes back, and is not let in", async () => {
        const person = await createPerson();
        const { agent } = await signIn(person);
        await end(person.id);
        const page = await agent.open((await rp.begin()).url);
        expect([page.status, page.html.includes('name="identifier"')]).to.deep.equal([200, true]);
        const { username, password } = person;
        const fields = { identifier: username, password };
        const refused = await agent.submit(page, fields, { action: /\/login$/ });
        expect(refused.status).to.equal(422);
        expect(refused.html)
          .to.include('name="identifier"')
          .and.not.match(/disabled|deleted/i);
      });

      it("gets login_required for prompt=none, and pages but no 5xx elsewhere", async () => {
        const person = await createPerson();
        const { agent } = await signIn(person);
        await end(person.id);
        const { url } = await agent.open((await rp.begin({ prompt: "none" })).url);
        expect(url.searchParams.get("error")).to.equal("login_required");
        for (const path of ["/session/end", "/device", "/"]) {
          expect([path, (await agent.open(server.issuer + path)).status]).to.deep.equal([
            path,
            200,
          ]);
        }
      });

      it("lets somebody else sign in at that browser", async () => {
        const person = await createPerson();
        const { agent } = await signIn(person);
        await end(person.id);
        const attempt = await rp.begin();
        const bridge = await agent.submit(
          await agent.open(attempt.url),
          { identifier: server.username, password: server.password },
          { action: /\/login$/ },
        );
        let page = bridge;
        if (/session\/end\/confirm/.test(page.html)) page = await agent.submit(page, {});
        if (/name="decision"/.test(page.html)) {
          page = await agent.submit(page, { decision: "allow" }, { action: /\/consent$/ });
        }
        const { claims } = await rp.redeem(attempt, page.url);
        expect(claims?.["sub"]).to.be.a("string").and.not.equal(person.id);
      });

      it("gets nothing at userinfo, for refresh tokens, or by introspection", async () => {
        const person = await createPerson();
        const { tokens } = await signIn(person);
        await end(person.id);
        const userinfo = await refusalOf(rp.userinfo(tokens.access_token, person.id));
        expect(userinfo).to.include({ error: "invalid_token", status: 401 });
        for (const token of [tokens.access_token, tokens.refresh_token ?? ""]) {
          expect(await rp.introspect(token)).to.deep.equal({ active: false });
        }
        expect(await refusalOf(rp.refresh(tokens.refresh_token ?? ""))).to.include({
          error: "invalid_grant",
          status: 400,
        });
      });

      it("gets nothing for a code that it obtained before", async () => {
        const person = await createPerson();
        const attempt = await rp.begin();
        const callback = await authorize(createUserAgent(server.issuer), attempt.url, person);
        await end(person.id);
        expect(await refusalOf(rp.redeem(attempt, callback))).to.include({
          error: "invalid_grant",
          status: 400,
        });
      });

      it("gets nothing for a device that it connected before", async () => {
        const person = await createPerson();
        const client = await createTestClient(server, {
          grant_types: [DEVICE_GRANT],
          redirect_uris: [],
          response_types: [],
          token_endpoint_auth_method: "none",
        });
        const tv = await connect(server, client);
        const device = await tv.startDevice();
        const agent = createUserAgent(server.issuer);
        await connectDevice(agent, device.verification_uri, device.user_code, person);
        await end(person.id);
        const poll = laterBy(5, () => refusalOf(tv.pollDevice(device.device_code)));
        expect(await poll).to.include({ error: "invalid_grant", status: 400 });
      });

      it("gets nothing from a sign-in that was under way", async () => {
        const person = await createPerson();
        const agent = createUserAgent(server.issuer);
        const { username, password } = person;
        const login = await agent.open((await rp.begin({ prompt: "consent" })).url);
        const fields = { identifier: username, password };
        const consent = await agent.submit(login, fields, { action: /\/login$/ });
        await end(person.id);
        const page = await agent.submit(consent, { decision: "allow" }, { action: /\/consent$/ });
        expect(page.status).to.be.below(500);
        expect(page.url.searchParams.has("code")).to.equal(false);
      });
    });
  }

  it("has its session back when it is enabled again", async () => {
    const person = await createPerson();
    const { agent } = await signIn(person);
    await server.app.accounts.setDisabled(person.id, true);
    await server.app.accounts.setDisabled(person.id, false);
    const { url } = await agent.open((await rp.begin({ prompt: "none" })).url);
    expect(url.searchParams.has("code")).to.equal(true);
  });

  it("leaves its name to a new account, which gets a new sub (AC-45)", async () => {
    const person = await createPerson();
    await signIn(person);
    await server.app.accounts.deleteDemonstration();
    const again = await createPerson(person.username);
    expect(again.id).to.not.equal(person.id);
    expect((await signIn(again)).tokens.claims).to.include({ sub: again.id });
  });

  interface Person {
    readonly id: AccountId;
    readonly username: string;
    readonly password: string;
  }

  async function createPerson(username = `person-${people++}`): Promise<Person> {
    const { id } = await server.app.createAccount({
      username,
      email: undefined,
      emailVerified: false,
      profile: {},
      password: PASSWORD,
      demonstration: true,
    });
    return { id, username, password: PASSWORD };
  }

  async function signIn(person: Person) {
    const agent = createUserAgent(server.issuer);
    const attempt = await rp.begin();
    const callback = await authorize(agent, attempt.url, person);
    return { agent, tokens: await rp.redeem(attempt, callback) };
  }

  async function connectDevice(
    agent: UserAgent,
    ...[address, userCode, { username, password }]: [string, string, Person]
  ): Promise<void> {
    const form = await agent.submit(await agent.open(address), { user_code: userCode });
    const login = await agent.submit(form, { confirm: "yes" });
    const fields = { identifier: username, password };
    const consent = await agent.submit(login, fields, { action: /\/login$/ });
    const done = await agent.submit(consent, { decision: "allow" }, { action: /\/consent$/ });
    expect(done.html).to.include("Your device is connected");
  }
});
