import { expect } from "chai";
import type { UpstreamProviderChanges } from "../../src/federation/upstream-provider.js";
import { createDirectClient, postJson } from "../support/first-party.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { PASSWORD, startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { startBareProvider } from "../support/upstreams/bare-oidc-provider.js";
import type { KillableUpstream, UpstreamPerson } from "../support/upstreams/upstream.js";
import { goToUpstream } from "../support/upstreams/walk.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const person = (username: string, email: string, emailVerified = true): UpstreamPerson => ({
  username,
  password: "whatever the provider takes",
  name: `${username} Example`,
  email,
  emailVerified,
});

/** What each test calls its own; `ada@example.com` is the account of the test server. */
const ADA = person("upstream-ada", "ada@example.com");
const UNVERIFIED_ADA = person("unverified-ada", "ada@example.com", false);
const PEOPLE = [
  ADA,
  UNVERIFIED_ADA,
  ...["one", "two", "three", "four", "five", "six", "seven", "eight"].map((name) =>
    person(name, `${name}@example.com`),
  ),
  person("foreign", "foreign@evil.test"),
];

describe("accounts of people who sign in through other providers", () => {
  let server: TestServer;
  let upstreams: Record<"corp" | "other", KillableUpstream>;
  let client: TestClient;
  let party: RelyingParty;

  before(async () => {
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    const start = (providerId: string) =>
      startBareProvider({ relyingParty: server.issuer, providerId, people: PEOPLE });
    upstreams = { corp: await start("corp"), other: await start("other") };
    await addUpstream(server, upstreams.corp, { id: "corp", displayName: "Corp" });
    await addUpstream(server, upstreams.other, { id: "other", displayName: "Other" });
    client = await createTestClient(server, {}, { firstParty: true });
    party = await connect(server, client);
  });

  after(async () => {
    await Promise.all(Object.values(upstreams).map((upstream) => upstream.stop()));
    await server.close();
  });

  type ProviderId = keyof typeof upstreams;

  async function through(agent: UserAgent, who: UpstreamPerson, id: ProviderId = "corp") {
    const attempt = await party.begin();
    const there = await goToUpstream(agent, attempt.url, id);
    const page = await agent.open(await upstreams[id].signInAs(who, there));
    return { attempt, page };
  }

  const browser = () => createUserAgent(server.issuer);
  const find = (username: string) => {
    const found = PEOPLE.find((each) => each.username === username);
    if (found === undefined) throw new Error(username);
    return found;
  };

  async function subjectOf(who: UpstreamPerson, id: ProviderId = "corp"): Promise<unknown> {
    const { attempt, page } = await through(browser(), who, id);
    return (await party.redeem(attempt, page.url)).claims?.["sub"];
  }

  async function identitiesOf(email: string) {
    const holder = await server.app.federatedIdentities.findAddressHolder(email);
    if (holder === undefined) throw new Error(`nobody has ${email}`);
    return server.app.federatedIdentities.listOfAccount(holder.account.id);
  }

  /** With the provider set up in another way, only for this. */
  async function withRules(
    rules: UpstreamProviderChanges,
    run: () => Promise<void>,
    id: ProviderId = "corp",
  ): Promise<void> {
    const { upstreamProviders } = server.app;
    const before = await upstreamProviders.find(id);
    if (before === undefined) throw new Error(id);
    const { id: _id, version: _version, ...changes } = before;
    await upstreamProviders.update(id, () => rules);
    try {
      await run();
    } finally {
      await upstreamProviders.update(id, () => changes);
    }
  }

  const lastAudit = (event: string) =>
    server.logs.findLast((line) => line["audit"] === true && line["event"] === event);

  function hrefOf(page: Page, pattern: RegExp): URL {
    const found = [...page.html.matchAll(/href="([^"]*)"/g)].find(([, href]) =>
      pattern.test(String(href)),
    );
    if (found === undefined) throw new Error(`no link ${String(pattern)} in ${page.html}`);
    return new URL(String(found[1]), page.url);
  }

  function expectRefusal(page: Page, reason: string, words: string): void {
    expect(page.status, page.html).to.equal(403);
    expect(page.html).to.contain(words).and.to.contain(reason);
    const told = lastAudit("sign_in");
    expect(told).to.include({ outcome: "failure", reason, provider: "corp" });
    expect(page.html).to.contain(String(told?.["requestId"]));
    hrefOf(page, /\/interaction\/[^/]+\/sign-in$/);
  }

  describe("takeover: the victim's address at a provider", () => {
    it("unverified, leads to an account of its own, without the address", async () => {
      const { attempt, page } = await through(browser(), UNVERIFIED_ADA);
      const tokens = await party.redeem(attempt, page.url);
      const ada = await server.app.accounts.findForSignIn("ada");
      expect(tokens.claims?.["sub"]).to.be.a("string").and.not.equal(ada?.account.id);
      expect(await identitiesOf("ada@example.com")).to.deep.equal([]);
    });

    it("verified, leads to a page that asks for the password, and to nothing without it", async () => {
      const agent = browser();
      const { page } = await through(agent, ADA);
      expect(page.url.pathname).to.match(/\/link$/);
      expect(page.html).to.contain("Is this your account?").and.contain("Corp");
      expect(lastAudit("sign_in")).to.include({ outcome: "failure", reason: "must_prove" });
      for (const password of ["", "wrong", "null"]) {
        const again = await agent.submit(page, { password }, { action: /\/link$/ });
        expect(again.status).to.equal(422);
        expect(again.html).to.contain("The password is not right");
      }
      expect(await identitiesOf("ada@example.com")).to.deep.equal([]);
      // Nor by any other step of the request.
      expect((await agent.open(page.url)).html).to.contain("Is this your account?");
      const login = await agent.open(hrefOf(page, /\/sign-in$/));
      expect(login.html).to.contain('name="identifier"');
    });

    it("is not proven in another browser, nor by the proof for somebody else", async () => {
      const agent = browser();
      const { page } = await through(agent, ADA);
      const elsewhere = browser();
      expect((await elsewhere.open(page.url)).html).to.not.contain("Is this your account?");
      // The other browser's own request, with the first one's form.
      const own = await elsewhere.open((await party.begin()).url);
      const foreign = {
        ...page,
        url: own.url,
        html: page.html.replaceAll(/action="[^"]*\/link"/g, `action="${own.url.pathname}/link"`),
      };
      const answer = await elsewhere.submit(foreign, { password: PASSWORD }, { action: /\/link$/ });
      expect(answer.status).to.equal(403);
      expect(await identitiesOf("ada@example.com")).to.deep.equal([]);
    });

    it("does not link when the owner signs in by the ordinary form beside it", async () => {
      const agent = browser();
      const { page } = await through(agent, ADA);
      const login = await agent.open(hrefOf(page, /\/sign-in$/));
      const done = await agent.submit(
        login,
        { identifier: "ada", password: PASSWORD },
        { action: /\/login$/ },
      );
      expect(done.status).to.equal(303);
      expect(await identitiesOf("ada@example.com")).to.deep.equal([]);
    });

    it("of an account whose address was never verified here is refused, in words that tell no more", async () => {
      await server.app.createAccount({
        username: "squatter",
        email: "eight@example.com",
        password: "a long enough password",
      });
      const { page } = await through(browser(), find("eight"));
      expectRefusal(page, "address_taken", "Your address is already in use here");
      expect(page.html).to.not.contain("squatter");
    });
  });

  it("links after the owner's own sign-in, once, and signs in through it from then on", async () => {
    const agent = browser();
    const { attempt, page } = await through(agent, ADA);
    const cookies = structuredClone(agent.cookies);
    const done = await agent.submit(page, { password: PASSWORD }, { action: /\/link$/ });
    const { claims } = await party.redeem(attempt, done.url);
    expect(claims?.["sub"]).to.equal((await server.app.accounts.findForSignIn("ada"))?.account.id);
    expect(lastAudit("identity.linked")).to.include({
      outcome: "success",
      provider: "corp",
      by: "proof",
      accountId: claims?.["sub"],
    });
    expect(await subjectOf(ADA)).to.equal(claims?.["sub"]);

    await unlinkAda();
    // A copy of the browser from before: its proof was used.
    const copy = browser();
    copy.cookies.push(...cookies);
    await copy.submit(page, { password: PASSWORD }, { action: /\/link$/ });
    expect(await identitiesOf("ada@example.com")).to.deep.equal([]);
  });

  async function unlinkAda(): Promise<void> {
    const [identity] = await identitiesOf("ada@example.com");
    if (identity === undefined) throw new Error("not linked");
    const waysIn = { password: true, passkeys: true, issuers: [] };
    await server.app.federatedIdentities.unlink(identity.accountId, identity, waysIn);
  }

  it("takes a proof once, also when it comes twice at once", async () => {
    const agent = browser();
    const { page } = await through(agent, ADA);
    const copy = browser();
    copy.cookies.push(...structuredClone(agent.cookies));
    const links = () => server.logs.filter(({ event }) => event === "identity.linked").length;
    const before = links();
    await Promise.all(
      [agent, copy].map((each) => each.submit(page, { password: PASSWORD }, { action: /\/link$/ })),
    );
    expect(links() - before).to.equal(1);
    await unlinkAda();
  });

  it("takes the proof through a provider that the account is linked with already", async () => {
    const first = await subjectOf(find("one"), "other");
    const agent = browser();
    const { attempt, page } = await through(agent, find("one"), "corp");
    expect(page.html).to.contain("Is this your account?").and.not.contain('name="password"');
    const left = await agent.open(hrefOf(page, /\/upstream\/other$/));
    const done = await agent.open(await upstreams.other.signInAs(find("one"), left.url));
    expect((await party.redeem(attempt, done.url)).claims?.["sub"]).to.equal(first);
    expect(await subjectOf(find("one"), "corp")).to.equal(first);
    expect(await identitiesOf("one@example.com")).to.have.length(2);
  });

  it("links nothing when somebody else signs in through that provider", async () => {
    await subjectOf(find("two"), "other");
    const agent = browser();
    const { attempt, page } = await through(agent, find("two"), "corp");
    const left = await agent.open(hrefOf(page, /\/upstream\/other$/));
    const done = await agent.open(await upstreams.other.signInAs(find("three"), left.url));
    const { claims } = await party.redeem(attempt, done.url);
    expect(claims?.["sub"]).to.equal(await subjectOf(find("three"), "other"));
    expect(await identitiesOf("two@example.com")).to.have.length(1);
    expect(await identitiesOf("three@example.com")).to.have.length(1);
  });

  it("makes one account of two first sign-ins at once", async () => {
    const arrivals = await Promise.all(
      [browser(), browser()].map(async (agent) => {
        const attempt = await party.begin();
        const there = await goToUpstream(agent, attempt.url, "corp");
        return { agent, attempt, callback: await upstreams.corp.signInAs(find("four"), there) };
      }),
    );
    const pages = await Promise.all(arrivals.map(({ agent, callback }) => agent.open(callback)));
    const subjects = await Promise.all(
      arrivals.map(async ({ attempt }, index) => {
        const page = pages[index];
        if (page === undefined) throw new Error("no page");
        return (await party.redeem(attempt, page.url)).claims?.["sub"];
      }),
    );
    expect(subjects[0]).to.be.a("string").and.equal(subjects[1]);
  });

  it("keeps two providers that know somebody by the same subject apart (OpenID Connect Core §5.7)", async () => {
    // The bare providers use the same subjects; nobody's address is believed here.
    await withRules({ emailAuthoritativeFor: [] }, async () => {
      const here = await subjectOf(find("five"), "corp");
      await withRules(
        { emailAuthoritativeFor: [] },
        async () => {
          expect(await subjectOf(find("five"), "other")).to.not.equal(here);
        },
        "other",
      );
    });
  });

  it("refuses domains that are not allowed, linked or not", async () => {
    await withRules({ allowedDomains: ["example.com"] }, async () => {
      const { page } = await through(browser(), find("foreign"));
      expectRefusal(page, "domain_not_allowed", "You cannot sign in here with this account");
      const unverified = await through(browser(), UNVERIFIED_ADA);
      expectRefusal(unverified.page, "domain_not_allowed", "You cannot sign in here");
    });
  });

  it("makes no account where only linked or invited people sign in; takes up an invitation", async () => {
    await withRules({ accounts: "link" }, async () => {
      const { page } = await through(browser(), find("six"));
      expectRefusal(page, "not_linked", "is not connected yet");
    });
    await withRules({ accounts: "invited" }, async () => {
      const { page } = await through(browser(), find("six"));
      expectRefusal(page, "not_invited", "You have not been invited yet");
      const { id } = await server.app.inviteAccount({
        email: "six@example.com",
        profile: {},
        validSeconds: 60,
      });
      expect(await subjectOf(find("six"))).to.equal(id);
      expect(lastAudit("identity.linked")).to.include({ by: "invitation", accountId: id });
    });
  });

  it("refuses a disabled account", async () => {
    const subject = await subjectOf(find("seven"));
    const { page } = await through(browser(), find("seven"));
    expect(page.status).to.equal(303);
    const record = await server.app.accounts.findForSignIn("seven@example.com");
    expect(record?.account.id).to.equal(subject);
    if (record !== undefined) await server.app.setDisabled(record.account.id, true);
    const refused = await through(browser(), find("seven"));
    expectRefusal(refused.page, "account_disabled", "Your account is switched off");
  });

  it("opens no account of a provider with an empty or invented password", async () => {
    await subjectOf(find("five"));
    const agent = browser();
    const login = await agent.open((await party.begin()).url);
    for (const password of ["", "null", "undefined", "[]", "whatever the provider takes"]) {
      const fields = { identifier: "five@example.com", password };
      const page = await agent.submit(login, fields, { action: /\/login$/ });
      expect(page.status, password).to.equal(422);
    }
  });

  describe("the login page", () => {
    const open = async (parameters: Record<string, string> = {}, agent = browser()) =>
      agent.open((await party.begin(parameters)).url);

    it("offers every provider as a link beside the password", async () => {
      const page = await open();
      expect(page.html).to.contain("Continue with Corp").and.contain("Continue with Other");
      expect(page.html).to.contain('name="identifier"');
    });

    it("puts the one that was used last first, until a password is used", async () => {
      const agent = browser();
      await through(agent, find("three"), "other");
      const page = await open({ prompt: "login" }, agent);
      expect(page.html.indexOf("Continue with Other"))
        .to.be.above(0)
        .and.below(page.html.indexOf("Continue with Corp"));
      expect(page.html).to.contain("Last used");
      await agent.submit(page, { identifier: "ada", password: PASSWORD }, { action: /\/login$/ });
      expect((await open({ prompt: "login" }, agent)).html).to.not.contain("Last used");
    });

    it("goes straight to the provider that the client asks for, or that a login_hint's domain has", async () => {
      const straight = async (parameters: Record<string, string>) =>
        (await open(parameters)).url.origin;
      expect(await straight({ idp_hint: "other" })).to.equal(upstreams.other.issuer);
      const acr_values = "urn:latchkey:idp:corp";
      expect(await straight({ acr_values })).to.equal(upstreams.corp.issuer);
      expect(await straight({ idp_hint: "gone" })).to.equal(server.issuer);
      await withRules({ hintDomains: ["example.com"] }, async () => {
        expect(await straight({ login_hint: "x@example.com" })).to.equal(upstreams.corp.issuer);
        expect(await straight({ login_hint: "x@elsewhere.test" })).to.equal(server.issuer);
      });
    });

    it("comes back to a page to choose at, whatever the client asked for", async () => {
      const agent = browser();
      const left = await agent.open((await party.begin({ idp_hint: "corp" })).url);
      const callback = new URL(`${server.issuer}/oauth/callback`);
      callback.searchParams.set("error", "access_denied");
      callback.searchParams.set("iss", upstreams.corp.issuer);
      const real = await upstreams.corp.signInAs(ADA, left.url);
      callback.searchParams.set("state", String(real.searchParams.get("state")));
      const failure = await agent.open(callback);
      const page = await agent.open(hrefOf(failure, /\/sign-in$/));
      expect(page.html).to.contain('name="identifier"').and.contain("Continue with Corp");
      // In another language, too: what the provider said counts once.
      const german = await agent.open(hrefOf(failure, /\/language\/de\?/));
      expect(german.status).to.equal(200);
      expect(german.url.pathname).to.equal(page.url.pathname);
      expect(german.html).to.contain('<html lang="de"').and.contain('name="identifier"');
    });

    it("leads to the only way in: no password, no other provider, also not by hand", async () => {
      await withRules({ only: true }, async () => {
        const agent = browser();
        const left = await open({ idp_hint: "other" }, agent);
        expect(left.url.origin).to.equal(upstreams.corp.issuer);
        const uid = agent.cookies
          .map(({ path }) => /^\/interaction\/([^/]+)$/.exec(path)?.[1])
          .find((found) => found !== undefined);
        const at = (path: string) => agent.open(`${server.issuer}/interaction/${uid}${path}`);
        const page = await at("/sign-in");
        expect(page.html).to.contain("Continue with Corp");
        expect(page.html)
          .to.not.contain('name="identifier"')
          .and.not.contain("Continue with Other");
        const byHand = await at("/upstream/other");
        expect(byHand.status).to.equal(404);
        // With the form of a page from before.
        const form = { ...page, html: page.html.replaceAll("/cancel", "/login") };
        const answer = await agent.submit(form, { identifier: "ada", password: PASSWORD });
        expect(answer.url.origin).to.equal(upstreams.corp.issuer);
        expect(lastAudit("sign_in")).to.include({ outcome: "failure", reason: "passwords_off" });
      });
      // Breaking the glass: disabled, it is the only way in no longer.
      await withRules({ only: true, disabled: true }, async () => {
        expect((await open()).html).to.contain('name="identifier"');
      });
    });

    it("closes the applications' own forms, too, while it is the only way in (ASVS 6.3.4)", async () => {
      const direct = await createDirectClient(server);
      const credentials = { username: "ada", password: PASSWORD };
      const signIn = () =>
        postJson(`${server.issuer}/login`, { ...credentials, scope: "openid" }, { client: direct });
      expect((await signIn()).status).to.equal(200);
      await withRules({ only: true }, async () => {
        const refused = await signIn();
        expect(refused.status).to.equal(400);
        expect(refused.body).to.contain("invalid_grant");
      });
    });

    it("lets the owner of an account link it by its password even then", async () => {
      await withRules({ only: true }, async () => {
        const agent = browser();
        const attempt = await party.begin();
        const left = await agent.open(attempt.url);
        const page = await agent.open(await upstreams.corp.signInAs(ADA, left.url));
        const done = await agent.submit(page, { password: PASSWORD }, { action: /\/link$/ });
        expect((await party.redeem(attempt, done.url)).claims?.["sub"]).to.be.a("string");
      });
    });
  });
});
