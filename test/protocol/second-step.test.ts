import { expect } from "chai";
import { createAuthenticatorApp, enrolAuthenticator } from "../support/authenticator-app.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const CODE_FORM = { action: /\/second-step$/ };
const SET_UP_FORM = { action: /\/set-up$/ };
const KEPT_FORM = { action: /\/codes$/ };

describe("a second step at sign-in", () => {
  let server: TestServer;
  let rp: RelyingParty;
  let people = 0;
  before(async () => {
    // What is slowed down here is wrong codes; wrong passwords have their own tests.
    server = await startTestServer();
    rp = await connect(server, await createTestClient(server, {}, { firstParty: true }));
  });
  after(() => server.close());

  async function newPerson(): Promise<string> {
    const username = `person-${++people}`;
    const about = { email: `${username}@example.com`, emailVerified: true, profile: {} };
    await server.app.createAccount({ ...about, username, password: server.password });
    return username;
  }

  async function signIn(username: string, agent = createUserAgent(server.issuer), party = rp) {
    const attempt = await party.begin({
      claims: JSON.stringify({ id_token: { acr: null, amr: null } }),
    });
    const login = await agent.open(attempt.url);
    const fields = { identifier: username, password: server.password };
    const page = await agent.submit(login, fields, { action: /\/login$/ });
    return { agent, page, attempt, redeem: (at: Page) => party.redeem(attempt, at.url) };
  }

  const enter = (agent: UserAgent, page: Page, code: string) =>
    agent.submit(page, { code }, CODE_FORM);

  function expectCodePage(page: Page): void {
    expect(page.url.pathname).to.match(/\/interaction\/[\w-]+\/second-step$/);
    expect([page.status, /name="code"/.test(page.html)]).to.deep.equal([200, true]);
  }

  it("asks for a code after the password, and tells of both (RFC 8176 §2)", async () => {
    const username = await newPerson();
    const { app } = await enrolAuthenticator(server, username);
    const { agent, page, redeem } = await signIn(username);
    expectCodePage(page);
    const { claims } = await redeem(await enter(agent, page, app.nextCode()));
    expect(claims).to.deep.include({ acr: "urn:latchkey:acr:mfa", amr: ["pwd", "otp", "mfa"] });
  });

  it("is no session before the code: the application gets nothing, the account's pages neither", async () => {
    const username = await newPerson();
    await enrolAuthenticator(server, username);
    const { agent } = await signIn(username);
    const account = await agent.open(`${server.issuer}/account`);
    expect(account.url.pathname).to.equal("/account/sign-in");
    const silent = await agent.open((await rp.begin({ prompt: "none" })).url);
    expect(silent.url.searchParams.get("error")).to.equal("login_required");
  });

  it("takes a code as people type it, with a space", async () => {
    const username = await newPerson();
    const { app } = await enrolAuthenticator(server, username);
    const { agent, page } = await signIn(username);
    const code = app.nextCode().replace(/^(\d{3})/, "$1 ");
    expect((await enter(agent, page, code)).url.searchParams.has("code")).to.equal(true);
  });

  it("refuses a code that was used, in another sign-in and by another browser (RFC 6238 §5.2)", async () => {
    const username = await newPerson();
    const { app } = await enrolAuthenticator(server, username);
    const code = app.nextCode();
    const first = await signIn(username);
    await enter(first.agent, first.page, code);
    const second = await signIn(username);
    const refused = await enter(second.agent, second.page, code);
    expect(refused.status).to.equal(422);
    expect(refused.html).to.include("aria-invalid");
    expect(refused.html).not.to.include(code);
  });

  it("lets one of several win who use the same code at once", async () => {
    const username = await newPerson();
    const { app } = await enrolAuthenticator(server, username);
    const code = app.nextCode();
    const waiting = await Promise.all([1, 2, 3].map(() => signIn(username)));
    const pages = await Promise.all(waiting.map(({ agent, page }) => enter(agent, page, code)));
    expect(pages.filter(({ status }) => status === 303)).to.have.length(1);
  });

  it("takes codes of one step before and after, and of no other (RFC 6238 §5.2)", async () => {
    const username = await newPerson();
    const { app } = await enrolAuthenticator(server, username);
    await laterBy(300, async () => {
      for (const [stepsAgo, status] of [
        [2, 422],
        [-2, 422],
        [1, 303],
        [0, 303],
        [-1, 303],
      ] as const) {
        const { agent, page } = await signIn(username);
        const answer = await enter(agent, page, app.codeOf(stepsAgo));
        expect([stepsAgo, answer.status]).to.deep.equal([stepsAgo, status]);
      }
    });
  });

  it("slows guesses down, says until when, and takes a recovery code meanwhile", async () => {
    const username = await newPerson();
    const { app, recoveryCodes } = await enrolAuthenticator(server, username);
    const { agent, page } = await signIn(username);
    let last = page;
    for (let guess = 0; guess < 5; guess++) last = await enter(agent, last, "000000");
    expect(last.status).to.equal(422);
    const blocked = await enter(agent, last, app.nextCode());
    expect(blocked.status).to.equal(429);
    expect(Number(blocked.headers.get("Retry-After"))).to.be.within(1, 30);
    const other = await signIn(username);
    expect((await enter(other.agent, other.page, app.nextCode())).status).to.equal(429);
    const done = await enter(agent, blocked, recoveryCodes[0] ?? "");
    expect(done.status).to.equal(303);
    await laterBy(60, async () => {
      const { agent: later, page: next } = await signIn(username);
      expect((await enter(later, next, app.codeOf(0))).status).to.equal(303);
    });
  });

  it("takes each recovery code once, however it is typed, and one of several at once wins", async () => {
    const username = await newPerson();
    const { recoveryCodes, account } = await enrolAuthenticator(server, username);
    const [first = "", second = ""] = recoveryCodes;
    const typed = first.toUpperCase().replaceAll("-", " ");
    const one = await signIn(username);
    expect((await enter(one.agent, one.page, typed)).status).to.equal(303);
    const again = await signIn(username);
    expect((await enter(again.agent, again.page, first)).status).to.equal(422);
    const waiting = await Promise.all([1, 2, 3].map(() => signIn(username)));
    const pages = await Promise.all(waiting.map(({ agent, page }) => enter(agent, page, second)));
    expect(pages.filter(({ status }) => status === 303)).to.have.length(1);
    const { recoveryCodes: left } = (await server.app.secondSteps.find(account.id)) ?? {};
    expect(left).to.deep.equal({ total: 10, used: 2 });
  });

  it("refuses codes of another account as any other wrong code", async () => {
    const [mine, theirs] = [await newPerson(), await newPerson()];
    await enrolAuthenticator(server, mine);
    const other = await enrolAuthenticator(server, theirs);
    const { agent, page } = await signIn(mine);
    for (const code of [other.app.nextCode(), other.recoveryCodes[0] ?? "", "", "x".repeat(500)]) {
      expect((await enter(agent, page, code)).status).to.equal(422);
    }
  });

  it("keeps neither secrets nor codes in the clear, and logs none", async () => {
    const username = await newPerson();
    const { app, recoveryCodes, account } = await enrolAuthenticator(server, username);
    const { agent, page } = await signIn(username);
    const code = app.nextCode();
    await enter(agent, page, code);
    const { knex } = server.database;
    const rows = JSON.stringify([
      await knex("totp_authenticator").where({ account_id: account.id }),
      await knex("recovery_code").where({ account_id: account.id }),
    ]);
    const logged = JSON.stringify(server.logs);
    for (const secret of recoveryCodes) {
      expect(rows).not.to.include(secret.replaceAll("-", ""));
      expect(logged).not.to.include(secret);
    }
    expect(logged).not.to.include(code);
    const line = server.logs.find(
      (each) => each["event"] === "second_step" && each["accountId"] === account.id,
    );
    expect(line).to.include({ audit: true, outcome: "success", by: "totp" });
  });

  describe("leads on", () => {
    it("when the page is opened again, by Back or in another tab", async () => {
      const username = await newPerson();
      const { app } = await enrolAuthenticator(server, username);
      const { agent, page } = await signIn(username);
      expectCodePage(await agent.open(page.url));
      const done = await enter(agent, page, app.nextCode());
      expect(done.url.searchParams.has("code")).to.equal(true);
      const back = await agent.open(page.url);
      expect([back.status, back.html.includes(username)]).to.deep.equal([200, true]);
      // Sent once more from the other tab.
      const twice = await enter(agent, page, app.nextCode());
      expect([twice.status, twice.html.includes(username)]).to.deep.equal([200, true]);
    });

    it("to the sign-in when ten minutes are over", async () => {
      const username = await newPerson();
      const { app } = await enrolAuthenticator(server, username);
      const { agent, page } = await signIn(username);
      await laterBy(700, async () => {
        const answer = await enter(agent, page, app.codeOf(0));
        expect(answer.html).to.include('name="identifier"');
      });
    });

    it("to the sign-in when the browser has lost its cookie, and in another browser", async () => {
      const username = await newPerson();
      const { app } = await enrolAuthenticator(server, username);
      const { agent, page } = await signIn(username);
      const own = agent.cookies.findIndex(({ name }) => name === "latchkey_second_step");
      agent.cookies.splice(own, 1);
      const answer = await enter(agent, page, app.nextCode());
      expect(answer.html).to.include('name="identifier"');
      const stranger = await createUserAgent(server.issuer).open(page.url);
      expect(stranger.url.pathname).to.equal("/cookies/check");
    });

    it("into the same request when its interaction is gone", async () => {
      const username = await newPerson();
      const { app } = await enrolAuthenticator(server, username);
      const { agent, page } = await signIn(username);
      const uid = page.url.pathname.split("/")[2] ?? "";
      const found = await server.app.provider.Interaction.find(uid);
      await found?.destroy();
      const done = await enter(agent, page, app.nextCode());
      expect(done.url.searchParams.has("code"), done.url.href).to.equal(true);
    });

    it("to nobody's session when the account was disabled meanwhile (AC-22)", async () => {
      const username = await newPerson();
      const { app, account } = await enrolAuthenticator(server, username);
      const { agent, page } = await signIn(username);
      await server.app.setDisabled(account.id, true);
      const answer = await enter(agent, page, app.nextCode());
      expect(answer.html).to.include('name="identifier"');
    });
  });

  describe("that an application requires", () => {
    let payroll: RelyingParty;
    before(async () => {
      const policy = { firstParty: true, secondStep: true };
      payroll = await connect(
        server,
        await createTestClient(server, { client_name: "Payroll" }, policy),
      );
    });

    it("is set up during the sign-in, by who has none, and says who asks", async () => {
      const username = await newPerson();
      const { agent, page, redeem } = await signIn(username, undefined, payroll);
      expect(page.url.pathname).to.match(/\/second-step\/set-up$/);
      expect(page.html).to.include("<strong>Payroll</strong> needs a second step.");
      const app = createAuthenticatorApp(secretOf(page));
      const wrong = await agent.submit(page, { code: "000000" }, SET_UP_FORM);
      expect([wrong.status, secretOf(wrong)]).to.deep.equal([422, secretOf(page)]);
      const codes = await agent.submit(wrong, { code: app.nextCode() }, SET_UP_FORM);
      const listed = [...codes.html.matchAll(/<li>([\w-]{14})<\/li>/g)].map(([, code]) => code);
      expect(listed, `${codes.status} ${codes.url.href} ${codes.html.slice(800)}`).to.have.length(
        10,
      );
      // Reloading shows them again, until the person says that they kept them.
      expect((await agent.open(codes.url)).html).to.include(listed[0]);
      const done = await agent.submit(codes, {}, KEPT_FORM);
      expect((await redeem(done)).claims).to.deep.include({ acr: "urn:latchkey:acr:mfa" });
      const next = await signIn(username);
      expect((await enter(next.agent, next.page, listed[3] ?? "")).status).to.equal(303);
    });

    it("does not count before the first code is right", async () => {
      const username = await newPerson();
      const { agent, page } = await signIn(username, undefined, payroll);
      await agent.submit(page, { code: "000000" }, SET_UP_FORM);
      const { page: other } = await signIn(username);
      expect(other.url.searchParams.has("code")).to.equal(true);
    });

    it("is asked of a session that lacks it, without the password", async () => {
      const username = await newPerson();
      const { agent } = await signIn(username);
      const { app } = await enrolAuthenticator(server, username);
      const attempt = await payroll.begin();
      const page = await agent.open(attempt.url);
      expectCodePage(page);
      expect(page.html).to.include("Payroll");
      const done = await enter(agent, page, app.nextCode());
      expect(done.url.searchParams.has("code"), done.html.slice(0, 800)).to.equal(true);
    });

    it("is not asked again of a session that has it", async () => {
      const username = await newPerson();
      const { app } = await enrolAuthenticator(server, username);
      const { agent, page } = await signIn(username);
      await enter(agent, page, app.nextCode());
      const next = await agent.open((await payroll.begin()).url);
      expect(next.url.searchParams.has("code")).to.equal(true);
    });

    it("is set up by nobody whose sign-in is not fresh: the password is asked for first", async () => {
      const username = await newPerson();
      const { agent } = await signIn(username);
      await laterBy(600, async () => {
        const page = await agent.open((await payroll.begin()).url);
        expect(page.html).to.include('name="identifier"');
      });
    });
  });

  function secretOf({ html }: Page): string {
    const found = /<p class="secret-key[^>]*>([A-Z2-7 ]+)<\/p>/.exec(html)?.[1];
    if (found === undefined) throw new Error(html);
    return found.replaceAll(" ", "");
  }
});
