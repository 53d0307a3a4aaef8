import { expect } from "chai";
import { refusalOf } from "../support/oauth-error.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { signInWith, type SignedIn } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

describe("the account (SE-06, SE-07, SE-11)", () => {
  let server: TestServer;
  let rp: RelyingParty;
  before(async () => {
    server = await startTestServer();
    await createPerson("grace");
    rp = await connect(server, await createTestClient(server, { client_name: "Notes" }));
  });
  after(() => server.close());

  const account = (path = "/sign-ins") => `${server.issuer}/account${path}`;

  describe("sign-in", () => {
    it("is asked for by every page, and leads on to it", async () => {
      for (const [path, heading] of [
        ["/security", "Security"],
        ["/sign-ins", "Where you are signed in"],
        ["/apps", "Connected apps"],
      ] as const) {
        const agent = createUserAgent(server.issuer);
        const login = await agent.open(account(path));
        expect(login.url.pathname).to.equal("/account/sign-in");
        const page = await signInAt(agent, login);
        expect(page.url.pathname).to.equal(`/account${path}`);
        expect(headingOf(page)).to.equal(heading);
      }
    });

    it("is not needed with a session of an application, and is one for applications", async () => {
      const { agent } = await signInWith(server, rp);
      expect(headingOf(await agent.open(account()))).to.equal("Where you are signed in");
      const other = createUserAgent(server.issuer);
      await signInAt(other, await other.open(account()));
      const { url } = await rp.begin({ prompt: "none" });
      const answer = await other.open(url);
      expect(answer.url.searchParams.has("code")).to.equal(true);
    });

    it("says the same of a wrong password and of nobody, with 422", async () => {
      const agent = createUserAgent(server.issuer);
      const login = await agent.open(account());
      const answers = [
        await signInAt(agent, login, { ...server, password: "not it" }),
        await signInAt(agent, login, { username: "nobody", password: "not it" }),
      ];
      expect(answers.map(({ status }) => status)).to.deep.equal([422, 422]);
      const [known = "", unknown = ""] = answers.map(({ html }) =>
        html.replaceAll(/(?:value|data-options)="[^"]*"/g, ""),
      );
      expect(known).to.equal(unknown);
    });

    it("leads nowhere but to the account", async () => {
      const agent = createUserAgent(server.issuer);
      for (const to of ["https://evil.example/", "//evil.example", "/session/end", "__proto__"]) {
        const login = await agent.open(account(`/sign-in?to=${encodeURIComponent(to)}`));
        expect((await signInAt(agent, login)).url.pathname).to.equal("/account/security");
      }
    });

    it("cannot be brought about by another site or browser (login CSRF)", async () => {
      const agent = createUserAgent(server.issuer);
      const login = await agent.open(account());
      const stranger = createUserAgent(server.issuer);
      await stranger.open(account());
      const answer = await signInAt(stranger, login);
      expect(answer.status).to.equal(403);
      expect((await stranger.open(account())).url.pathname).to.equal("/account/sign-in");
    });

    it("shows the device and network of a session that was begun here", async () => {
      const agent = createUserAgent(server.issuer);
      const page = await signInAt(agent, await agent.open(account()));
      expect(page.html).to.include("Local network (127.0.0.x)");
    });
  });

  describe("sessions", () => {
    it("shows each with its applications, and which is this one", async () => {
      const one = await freshPerson();
      const { agent } = await one.signIn();
      await one.signIn();
      const page = await agent.open(account());
      expect(page.html.match(/This device/g)).to.have.lengthOf(1);
      expect(page.html.match(/value="end-session"/g)).to.have.lengthOf(1);
      expect(page.html.match(/For Notes/g)).to.have.lengthOf(2);
    });

    it("ends one other, with its tokens, and no further one", async () => {
      const person = await freshPerson();
      const here = await person.signIn();
      const there = await person.signIn();
      const page = await act(here.agent, { act: "end-session" });
      expect(page.html).to.include("Signed out: ").and.include("signed in nowhere else");
      expect(await isSignedIn(there.agent)).to.equal(false);
      expect(await isRefused(there)).to.equal(true);
      expect(await isSignedIn(here.agent)).to.equal(true);
      expect(await isRefused(here)).to.equal(false);
    });

    it("ends all others, and offline access only when that is chosen (OIDC Core §11)", async () => {
      const person = await freshPerson();
      const offline = await person.signIn({ scope: "openid offline_access", prompt: "consent" });
      const here = await person.signIn();
      const there = await person.signIn();
      const page = await act(here.agent, { act: "end-others" });
      expect(page.html).to.include("Signed out of 2 other devices.");
      expect(await isSignedIn(there.agent)).to.equal(false);
      expect(await isSignedIn(offline.agent)).to.equal(false);
      const kept = await rp.refresh(offline.tokens.refresh_token ?? "");
      await person.signIn();
      await act(here.agent, { act: "end-others", offline: "yes" });
      expect(await refusalOf(rp.refresh(kept.refresh_token ?? ""))).to.include({
        error: "invalid_grant",
      });
      expect(await isRefused(here)).to.equal(false);
    });

    it("tells one that somebody else has from one that does not exist by nothing", async () => {
      const ada = await freshPerson();
      const { agent } = await ada.signIn();
      await ada.signIn();
      const grace = await freshPerson();
      const theirs = await grace.signIn();
      const [session] = await server.app.sessionDirectory.listSessions(theirs.subject);
      if (session === undefined) throw new Error("no session");
      const foreign = server.app.sessionDirectory.handleOf(session);
      const answers = [];
      for (const handle of [foreign, "x".repeat(foreign.length), ""]) {
        const page = await act(agent, { act: "end-session", session: handle });
        answers.push(noticeOf(page));
      }
      expect(new Set(answers)).to.have.property("size", 1);
      expect(await isSignedIn(theirs.agent)).to.equal(true);
    });
  });

  describe("connected apps", () => {
    it("are shown in the words of their scopes, with when they were last used", async () => {
      const person = await freshPerson();
      const { agent } = await person.signIn({ scope: "openid email" });
      const page = await agent.open(account("/apps"));
      expect(page.html).to.include("Notes").and.include("See your email address");
      expect(page.html).to.include("Last used just now").and.include("you allowed it just now");
    });

    it("lose their access when it is withdrawn, and are asked for again", async () => {
      const person = await freshPerson();
      const signedIn = await person.signIn({ scope: "openid offline_access", prompt: "consent" });
      const page = await act(signedIn.agent, { act: "withdraw-app" }, "/apps");
      expect(page.html).to.include("Notes has no access any more.");
      expect(page.html).to.include("No app has access");
      expect(await isRefused(signedIn)).to.equal(true);
      const { url } = await rp.begin();
      const again = await signedIn.agent.open(url);
      expect(again.html).to.include("asks for access");
    });
  });

  describe("a fresh sign-in", () => {
    it("is asked for before anything is ended, and then the very thing is done", async () => {
      const person = await freshPerson();
      const here = await person.signIn();
      const there = await person.signIn();
      await laterBy(600, async () => {
        const confirm = await act(here.agent, { act: "end-session" });
        expect(confirm.url.pathname).to.equal("/account/confirm");
        expect(confirm.html).to.include("Confirm that it is you").and.include("sign out ");
        expect(await isSignedIn(there.agent)).to.equal(true);

        const wrong = await here.agent.submit(confirm, { password: "not it" });
        expect([wrong.status, headingOf(wrong)]).to.deep.equal([422, "Confirm that it is you"]);
        expect(await isSignedIn(there.agent)).to.equal(true);

        const done = await here.agent.submit(confirm, { password: person.password });
        expect(done.html).to.include("Signed out: ");
        expect(await isSignedIn(there.agent)).to.equal(false);
      });
    });

    it("gives the session a new cookie (ASVS 7.2.4)", async () => {
      const person = await freshPerson();
      const here = await person.signIn();
      await person.signIn();
      await laterBy(600, async () => {
        const copy = createUserAgent(server.issuer);
        copy.cookies.push(...here.agent.cookies);
        const confirm = await act(here.agent, { act: "end-others" });
        await here.agent.submit(confirm, { password: person.password });
        expect(await isSignedIn(copy)).to.equal(false);
        expect(await isSignedIn(here.agent)).to.equal(true);
      });
    });

    it("takes the password of nobody else", async () => {
      const person = await freshPerson();
      const here = await person.signIn();
      await person.signIn();
      await laterBy(600, async () => {
        const confirm = await act(here.agent, { act: "end-others" });
        const { password } = await freshPerson();
        const answer = await here.agent.submit(confirm, { password, username: "grace" });
        expect(answer.status).to.equal(422);
      });
    });

    it("is asked for by no link that was made elsewhere", async () => {
      const person = await freshPerson();
      const { agent } = await person.signIn();
      const other = await freshPerson();
      const theirs = await other.signIn();
      await other.signIn();
      await laterBy(600, async () => {
        const confirm = await act(theirs.agent, { act: "end-others" });
        for (const url of [
          confirm.url.href,
          account("/confirm?act=guessed"),
          account("/confirm"),
        ]) {
          expect((await agent.open(url)).url.pathname).to.equal("/account/sign-ins");
        }
      });
    });
  });

  describe("forms", () => {
    it("from elsewhere, or without this browser's token, do nothing", async () => {
      const person = await freshPerson();
      const { agent } = await person.signIn();
      const there = await person.signIn();
      const page = await agent.open(account());
      const forged = await agent.submit(
        page,
        { act: "end-others", csrf_token: "guessed" },
        { action: /\/acts$/ },
      );
      expect(noticeOf(forged)).to.include("Nothing was done");
      const cookie = agent.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
      const crossSite = await fetch(account("/acts"), {
        method: "POST",
        headers: { Cookie: cookie, Origin: "https://evil.example" },
        body: new URLSearchParams({ act: "end-others" }),
      });
      expect(crossSite.status).to.equal(403);
      expect(await isSignedIn(there.agent)).to.equal(true);
    });

    it("of a page of somebody who is no longer in use do nothing", async () => {
      const person = await freshPerson();
      const { agent } = await person.signIn();
      const there = await person.signIn();
      const page = await agent.open(account());
      await signInAt(agent, await agent.open(account("/sign-in")), {
        username: "grace",
        password: passwordOf("grace"),
      });
      const answer = await agent.submit(page, { act: "end-others" }, { action: /\/acts$/ });
      expect(noticeOf(answer)).to.equal("Nothing was done: you are signed in as grace by now.");
      expect(await isSignedIn(there.agent)).to.equal(true);
    });

    it("lead to the sign-in, and back to the page, when the session has ended meanwhile", async () => {
      const person = await freshPerson();
      const here = await person.signIn();
      const page = await here.agent.open(account("/apps"));
      await endAll(here.subject);
      const login = await here.agent.submit(page, { act: "withdraw-app" }, { action: /\/acts$/ });
      expect(login.html).to.include("You have been signed out here");
      const back = await signInAt(here.agent, login, person);
      expect(headingOf(back)).to.equal("Connected apps");
    });

    it("change nothing by GET", async () => {
      const person = await freshPerson();
      const { agent } = await person.signIn();
      for (const path of ["/acts", "/sign-out", "/switch"]) {
        expect((await agent.open(account(path))).status).to.be.oneOf([404, 405]);
      }
      expect(await isSignedIn(agent)).to.equal(true);
    });
  });

  describe("sign-out", () => {
    it("ends this session, and says what ended and what did not", async () => {
      const person = await freshPerson();
      const here = await person.signIn();
      const there = await person.signIn();
      const page = await here.agent.open(account());
      const done = await here.agent.submit(page, {}, { action: /\/sign-out$/ });
      expect(headingOf(done)).to.equal("You are signed out");
      expect(done.html).to.include("Notes");
      expect(await isSignedIn(here.agent)).to.equal(false);
      expect(await isRefused(here)).to.equal(true);
      expect(await isSignedIn(there.agent)).to.equal(true);
    });

    it("names those who are still signed in at this browser, or ends them as well", async () => {
      for (const everyone of ["no", "yes"]) {
        const { agent } = await (await freshPerson()).signIn();
        const person = await freshPerson();
        await signInAt(agent, await agent.open(account("/sign-in")), person);
        const page = await agent.open(account());
        const done = await agent.submit(page, { everyone }, { action: /\/sign-out$/ });
        expect(done.html.includes("Still signed in on this browser")).to.equal(everyone === "no");
        const next = await agent.open(account());
        expect(next.html.includes('name="account"')).to.equal(everyone === "no");
      }
    });
  });

  it("is never kept by a cache, and shows no secret of a session", async () => {
    const person = await freshPerson();
    const { agent } = await person.signIn();
    const page = await agent.open(account());
    expect(page.headers.get("Cache-Control")).to.equal("no-store");
    for (const { name, value } of agent.cookies.filter((each) => each.name.includes("session"))) {
      expect(page.html, name).to.not.include(value);
    }
  });

  let people = 0;

  async function createPerson(username: string): Promise<void> {
    await server.app.createAccount({
      username,
      email: `${username}@example.com`,
      emailVerified: true,
      profile: {},
      password: passwordOf(username),
    });
  }

  function passwordOf(username: string): string {
    return `a long passphrase of ${username}`;
  }

  /** Somebody without any session. */
  async function freshPerson() {
    const username = `person${++people}`;
    await createPerson(username);
    const password = passwordOf(username);
    const signIn = (parameters: Record<string, string> = {}): Promise<SignedIn> =>
      signInWith({ ...server, username, password }, rp, { parameters });
    return { username, password, signIn };
  }

  function signInAt(
    agent: UserAgent,
    page: Page,
    { username, password }: { username: string; password: string } = server,
  ): Promise<Page> {
    return agent.submit(page, { identifier: username, password }, { action: /\/sign-in$/ });
  }

  async function act(
    agent: UserAgent,
    fields: Record<string, string>,
    path = "/sign-ins",
  ): Promise<Page> {
    return agent.submit(await agent.open(account(path)), fields, { action: /\/acts$/ });
  }

  async function isSignedIn(agent: UserAgent): Promise<boolean> {
    const copy = createUserAgent(server.issuer);
    copy.cookies.push(...agent.cookies);
    return (await copy.open(account())).url.pathname === "/account/sign-ins";
  }

  async function isRefused({ tokens, subject }: SignedIn): Promise<boolean> {
    const use = rp.userinfo(tokens.access_token, subject);
    return use.then(
      () => false,
      () => true,
    );
  }

  async function endAll(accountId: string): Promise<void> {
    await server.app.endSessions.endAllOfAccount(accountId, {
      reason: "administrator",
      includingOffline: true,
    });
  }
});

function headingOf({ html }: Page): string {
  return /<h1>([^<]*)/.exec(html)?.[1] ?? "";
}

function noticeOf({ html }: Page): string {
  return /role="status">.*?<span>([^<]*)/s.exec(html)?.[1]?.replaceAll("&#39;", "'") ?? "";
}
