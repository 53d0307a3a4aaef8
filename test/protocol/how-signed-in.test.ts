import { expect } from "chai";
import { enrolAuthenticator, type AuthenticatorApp } from "../support/authenticator-app.js";
import { givePasskey } from "../support/give-passkey.js";
import { answerPasskey } from "../support/passkey-forms.js";
import { connect, type RelyingParty, type TokenSet } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const PASSWORD = { acr: "urn:latchkey:acr:pwd", amr: ["pwd"] };
const BOTH = { acr: "urn:latchkey:acr:mfa", amr: ["pwd", "otp", "mfa"] };
const PASSKEY = { acr: "phr", amr: ["hwk", "user", "mfa"] };

const ALL = { acr: null, amr: null, auth_time: null };
const asked = { claims: JSON.stringify({ id_token: ALL, userinfo: ALL }) };

/** `acr`, `amr` and `auth_time` wherever they are told, after each way to sign in. */
describe("how a person signed in, at the ID token, userinfo and /session/status", () => {
  let server: TestServer;
  let rp: RelyingParty;
  let people = 0;
  before(async () => {
    server = await startTestServer();
    rp = await connect(server, await createTestClient(server, {}, { firstParty: true }));
  });
  after(() => server.close());

  async function newPerson() {
    const username = `somebody-${++people}`;
    const about = { email: `${username}@example.com`, emailVerified: true, profile: {} };
    return server.app.createAccount({ ...about, username, password: server.password });
  }

  async function begin(agent: UserAgent, parameters: Record<string, string> = {}) {
    const attempt = await rp.begin({ ...asked, ...parameters });
    const page = await agent.open(attempt.url);
    return { page, redeem: (at: Page) => rp.redeem(attempt, at.url) };
  }

  const enterPassword = (agent: UserAgent, page: Page, identifier: string) =>
    agent.submit(page, { identifier, password: server.password }, { action: /\/login$/ });
  const enterCode = (agent: UserAgent, page: Page, app: AuthenticatorApp) =>
    agent.submit(page, { code: app.nextCode() }, { action: /\/second-step$/ });

  const userinfo = (tokens: TokenSet) =>
    rp.userinfo(tokens.access_token, String(tokens.claims?.["sub"]));

  async function statusOf(agent: UserAgent): Promise<Record<string, unknown>> {
    const cookie = agent.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const response = await fetch(`${server.issuer}/session/status`, {
      headers: { Cookie: cookie },
    });
    return (await response.json()) as Record<string, unknown>;
  }

  /** The same everywhere. */
  async function expectTold(agent: UserAgent, tokens: TokenSet, told: object): Promise<void> {
    const { auth_time } = tokens.claims ?? {};
    expect(auth_time).to.be.a("number");
    expect(tokens.claims).to.deep.include(told);
    expect(await userinfo(tokens)).to.deep.equal({
      sub: tokens.claims?.["sub"],
      auth_time,
      ...told,
    });
    expect(await statusOf(agent)).to.deep.include({ active: true, auth_time, ...told });
    const byToken = await fetch(`${server.issuer}/session/status`, {
      headers: { Authorization: `Bearer ${tokens.access_token}` },
    });
    expect(await byToken.json()).to.deep.include({ active: true, auth_time, ...told });
  }

  it("by a password", async () => {
    const { username } = await newPerson();
    const agent = createUserAgent(server.issuer);
    const { page, redeem } = await begin(agent);
    await expectTold(agent, await redeem(await enterPassword(agent, page, username)), PASSWORD);
  });

  it("by a passkey", async () => {
    const account = await newPerson();
    const key = await givePasskey(server, account, { synced: false });
    const agent = createUserAgent(server.issuer);
    const { page, redeem } = await begin(agent);
    await expectTold(agent, await redeem(await answerPasskey(agent, page, key)), PASSKEY);
  });

  it("by a password with a second step", async () => {
    const { username } = await newPerson();
    const { app } = await enrolAuthenticator(server, username);
    const agent = createUserAgent(server.issuer);
    const { page, redeem } = await begin(agent);
    const code = await enterPassword(agent, page, username);
    await expectTold(agent, await redeem(await enterCode(agent, code, app)), BOTH);
  });

  it("by a second step later: what is told changes, and stays for tokens of before", async () => {
    const { username } = await newPerson();
    const agent = createUserAgent(server.issuer);
    const first = await begin(agent);
    const before = await first.redeem(await enterPassword(agent, first.page, username));
    const { app } = await enrolAuthenticator(server, username);
    await laterBy(120, async () => {
      const { page, redeem } = await begin(agent, { acr_values: BOTH.acr });
      await expectTold(agent, await redeem(await enterCode(agent, page, app)), BOTH);
    });
    expect(await userinfo(before)).to.deep.include({
      ...PASSWORD,
      auth_time: before.claims?.["auth_time"],
    });
  });

  it("by a refresh: as it was at the sign-in (§12.2)", async () => {
    const { username } = await newPerson();
    const agent = createUserAgent(server.issuer);
    const { page, redeem } = await begin(agent);
    const tokens = await redeem(await enterPassword(agent, page, username));
    await laterBy(120, async () => {
      const again = await rp.refresh(tokens.refresh_token ?? "");
      const { auth_time } = tokens.claims ?? {};
      const told = await rp.userinfo(again.access_token, String(tokens.claims?.["sub"]));
      expect(told).to.deep.include({ ...PASSWORD, auth_time });
    });
  });

  it("is told to nobody who did not ask, and each by itself", async () => {
    const { username } = await newPerson();
    const agent = createUserAgent(server.issuer);
    const { page, redeem } = await begin(agent, {
      claims: JSON.stringify({ userinfo: { acr: { essential: true } } }),
    });
    const tokens = await redeem(await enterPassword(agent, page, username));
    expect(await userinfo(tokens)).to.have.all.keys("sub", "acr");
    const quiet = await begin(agent, {
      claims: JSON.stringify({ id_token: ALL }),
    });
    expect(await userinfo(await quiet.redeem(quiet.page))).to.have.all.keys("sub");
  });
});
