import { expect } from "chai";
import { LIBRARIES, connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const PASSWORD_ACR = "urn:latchkey:acr:pwd";

describe("how and when a person signed in (OIDC Core §2, §3.1.2.1)", () => {
  let server: TestServer;
  let rp: RelyingParty;
  /** Signed in once; for tests in which nobody minds an earlier sign-in. */
  let shared: UserAgent;
  before(async () => {
    server = await startTestServer();
    shared = createUserAgent(server.issuer);
    rp = await connect(server, await createTestClient(server));
  });
  after(() => server.close());

  const idTokenClaims = (claims: object) => ({ claims: JSON.stringify({ id_token: claims }) });

  for (const library of LIBRARIES) {
    it(`tells auth_time, acr and amr when asked by the claims parameter (§5.5, ${library.name})`, async () => {
      const party = await library.connect(server, await createTestClient(server));
      const asked = { auth_time: { essential: true }, acr: null, amr: null };
      const before = Math.floor(Date.now() / 1000);
      const { tokens } = await signInWith(server, party, { parameters: idTokenClaims(asked) });
      expect(tokens.claims).to.deep.include({ acr: PASSWORD_ACR, amr: ["pwd"] });
      expect(tokens.claims?.["auth_time"]).to.be.within(before, before + 10);
    });
  }

  it("tells acr when asked by acr_values (§3.1.2.1)", async () => {
    const { tokens } = await signInWith(server, rp, { parameters: { acr_values: PASSWORD_ACR } });
    expect(tokens.claims).to.include({ acr: PASSWORD_ACR });
  });

  it("puts auth_time into the ID token when max_age was given, and keeps a fresh session (§3.1.2.1)", async () => {
    const { agent, tokens } = await signInWith(server, rp);
    expect(tokens.claims).to.not.have.property("auth_time");
    const { tokens: again } = await signInWith(server, rp, {
      agent,
      parameters: { max_age: "600" },
    });
    expect(again.claims?.["auth_time"]).to.be.a("number");
  });

  it("asks again when the sign-in is older than max_age, and auth_time moves (§3.1.2.1)", async () => {
    const parameters = { max_age: "600" };
    const { agent, tokens } = await signInWith(server, rp, { parameters });
    await laterBy(700, async () => {
      const attempt = await rp.begin(parameters);
      const page = await agent.open(attempt.url);
      expectLoginPage(page);
      const { url } = await signInAt(agent, page);
      expect(url.searchParams.has("code")).to.equal(true);
      const { claims } = await rp.redeem(attempt, url);
      expect(claims?.["auth_time"]).to.be.at.least(Number(tokens.claims?.["auth_time"]) + 700);
    });
  });

  it("asks again for prompt=login and for max_age=0, and lets nobody skip it", async () => {
    for (const parameters of [{ prompt: "login" }, { max_age: "0" }]) {
      await signInWith(server, rp, { agent: shared });
      const page = await shared.open((await rp.begin(parameters)).url);
      expectLoginPage(page);
      // Resuming without having signed in starts the sign-in anew, and gives no code.
      const uid = page.url.pathname.split("/").at(-1) ?? "";
      const skipped = await shared.open(`${server.issuer}/auth/${uid}`);
      expect(skipped.url.searchParams.has("code")).to.equal(false);
    }
  });

  for (const parameters of [{ prompt: "login" }, { prompt: "login consent" }, { max_age: "0" }]) {
    it(`asks once for a sign-in and once for consent: ${JSON.stringify(parameters)}`, async () => {
      const party = await connect(server, await createTestClient(server));
      const agent = createUserAgent(server.issuer);
      const attempt = await party.begin({ ...parameters, max_age: "0" });
      const consent = await signInAt(agent, await agent.open(attempt.url));
      expect(consent.html).to.include('name="decision"');
      const signedInAt = Math.floor(Date.now() / 1000);
      const tokens = await laterBy(30, async () => {
        const form = { action: /\/consent$/ };
        const { url } = await agent.submit(consent, { decision: "allow" }, form);
        expect(url.searchParams.has("code"), url.href).to.equal(true);
        return party.redeem(attempt, url);
      });
      // The time of the sign-in, not of the consent.
      expect(tokens.claims?.["auth_time"]).to.be.within(signedInAt - 10, signedInAt + 1);
    });
  }

  it("changes the session's id at sign-in (ASVS 7.2.4)", async () => {
    await signInWith(server, rp, { agent: shared });
    const session = () => shared.cookies.find(({ name }) => name === "latchkey_session")?.value;
    const first = session();
    await signInAt(shared, await shared.open((await rp.begin({ prompt: "login" })).url));
    expect(session()).to.be.a("string").and.not.equal(first);
  });

  describe("prompt=none (§3.1.2.6)", () => {
    it("says login_required when nobody is signed in, without any page", async () => {
      expect(await errorFor(createUserAgent(server.issuer), { prompt: "none" })).to.equal(
        "login_required",
      );
    });

    it("says consent_required when something new is asked for", async () => {
      await signInWith(server, rp, { agent: shared });
      const error = await errorFor(shared, { prompt: "none", scope: "openid phone" });
      expect(error).to.be.oneOf(["consent_required", "interaction_required"]);
    });

    it("says login_required when the sign-in is too old", async () => {
      await signInWith(server, rp, { agent: shared });
      const parameters = { prompt: "none", max_age: "60" };
      expect(await laterBy(120, () => errorFor(shared, parameters))).to.equal("login_required");
    });

    it("gives a code to somebody who is signed in and has allowed", async () => {
      await signInWith(server, rp, { agent: shared });
      expect(await errorFor(shared, { prompt: "none" })).to.equal(null);
    });

    it("cannot stand with another prompt", async () => {
      const agent = createUserAgent(server.issuer);
      expect(await errorFor(agent, { prompt: "none login" })).to.equal("invalid_request");
    });

    it("says login_required when the hint names somebody else (§3.1.2.1)", async () => {
      const username = "grace-hint";
      const grace = { email: undefined, emailVerified: false, profile: {} };
      await server.app.createAccount({ ...grace, username, password: server.password });
      const attempt = await rp.begin();
      const callback = await authorize(createUserAgent(server.issuer), attempt.url, {
        username,
        password: server.password,
      });
      const { id_token: hint = "" } = await rp.redeem(attempt, callback);
      const { tokens } = await signInWith(server, rp, { agent: shared });
      const other = { prompt: "none", id_token_hint: hint };
      expect(await errorFor(shared, other)).to.equal("login_required");
      const own = { prompt: "none", id_token_hint: tokens.id_token ?? "" };
      expect(await errorFor(shared, own)).to.equal(null);
    });
  });

  describe("an essential acr (§5.5.1.1)", () => {
    it("that a password satisfies is given", async () => {
      const acr = { essential: true, values: ["urn:another", PASSWORD_ACR] };
      const { tokens } = await signInWith(server, rp, {
        agent: shared,
        parameters: idTokenClaims({ acr }),
      });
      expect(tokens.claims).to.include({ acr: PASSWORD_ACR });
    });

    for (const acr of [
      { essential: true, value: "urn:mace:incommon:iap:silver" },
      { essential: true, values: ["urn:one", "urn:two"] },
    ]) {
      it(`that cannot be met is refused at once, without a loop: ${JSON.stringify(acr)}`, async () => {
        const asked = idTokenClaims({ acr });
        expect(await errorFor(createUserAgent(server.issuer), asked)).to.equal(
          "unmet_authentication_requirements",
        );
        await signInWith(server, rp, { agent: shared });
        expect(await errorFor(shared, asked)).to.equal("unmet_authentication_requirements");
      });
    }

    it("that is only voluntary is no reason to refuse", async () => {
      const parameters = idTokenClaims({ acr: { values: ["urn:one"] } });
      const { tokens } = await signInWith(server, rp, { agent: shared, parameters });
      expect(tokens.claims).to.include({ acr: PASSWORD_ACR });
    });
  });

  it("fills in the name that login_hint gives", async () => {
    const { url } = await rp.begin({ login_hint: `ada"><script>` });
    const page = await createUserAgent(server.issuer).open(url);
    expect(page.html).to.include(`value="ada&quot;&gt;&lt;script&gt;"`);
  });

  it("refuses prompts that it does not know", async () => {
    const agent = createUserAgent(server.issuer);
    expect(await errorFor(agent, { prompt: "unheard_of" })).to.equal("invalid_request");
  });

  function expectLoginPage(page: Page): void {
    expect([page.status, /name="identifier"/.test(page.html)]).to.deep.equal([200, true]);
  }

  function signInAt(agent: UserAgent, page: Page): Promise<Page> {
    const { username, password } = server;
    return agent.submit(page, { identifier: username, password }, { action: /\/login$/ });
  }

  /** Null when there is a code. */
  async function errorFor(
    agent: UserAgent,
    parameters: Record<string, string>,
  ): Promise<string | null> {
    const page = await agent.open((await rp.begin(parameters)).url);
    expect(page.status, page.html.slice(0, 500)).to.equal(303);
    return page.url.searchParams.get("error");
  }
});
