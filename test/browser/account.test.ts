import { expect } from "chai";
import type { Page } from "playwright-core";
import { arrive, fillIn, follow, headingOf, press, signIn } from "../support/at-the-pages.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { laterBy } from "../support/shift-time.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

describeInBrowser("the account: sessions, apps, sign-out and several people", ({ open }) => {
  let server: TestServer;
  let app: WebApplication;
  let person: { username: string; password: string };
  let people = 0;
  before(async () => {
    server = await startTestServer();
    app = await startWebApplication(server);
  });
  after(async () => {
    await app.close();
    await server.close();
  });
  beforeEach(async () => {
    person = await createPerson();
  });

  async function createPerson() {
    const username = `person${++people}`;
    const password = `a long passphrase of ${username}`;
    await server.app.createAccount({
      username,
      email: `${username}@example.com`,
      emailVerified: true,
      profile: {},
      password,
    });
    return { username, password };
  }

  const account = () => `${server.issuer}/account/sign-ins`;

  async function openAccount(page: Page, who = person): Promise<void> {
    await page.goto(account());
    await signIn(page, who);
    expect(await headingOf(page)).to.equal("Where you are signed in");
  }

  async function accountId(): Promise<string> {
    const found = await server.app.accounts.findForSignIn(person.username);
    return String(found?.account.id);
  }

  withAndWithoutScript((options) => {
    it("ends one other session, and then all others", async () => {
      const here = await open(options);
      await openAccount(here);
      const others = [await open(options), await open(options), await open(options)];
      for (const other of others) await openAccount(other);
      await here.reload();
      expect(await here.getByText("This device", { exact: true }).count()).to.equal(1);
      expect(await here.locator(".row").count()).to.equal(4);

      await pressFirst(here, /^Sign out Chrome on Linux/);
      expect(await here.getByRole("status").innerText()).to.include("Signed out: Chrome on Linux");
      expect(await here.locator(".row").count()).to.equal(3);

      await press(here, "Sign out everywhere else");
      expect(await here.getByRole("status").innerText()).to.include("2 other devices");
      expect(await here.locator(".row").count()).to.equal(1);
      for (const other of others) {
        await other.reload();
        expect(await headingOf(other)).to.equal("Sign in to your account");
      }
    });

    it("withdraws what an application may do", async () => {
      const page = await open(options);
      await arrive(page, app, person);
      await page.goto(account());
      await follow(page, "Connected apps");
      expect(await page.locator("main").innerText()).to.include("See your email address");
      await press(page, "Remove access of Notes");
      expect(await page.getByRole("status").innerText()).to.include("Notes has no access any more");
      await page.goto(app.loginUrl());
      expect(await headingOf(page)).to.equal("Notes asks for access to your account");
    });

    it("signs out, and shows nothing of it by Back", async () => {
      const page = await open(options);
      await arrive(page, app, person);
      await page.goto(account());
      await follow(page, "Connected apps");
      await press(page, "Sign out");
      expect(await headingOf(page)).to.equal("You are signed out");
      expect(await page.locator("main").innerText()).to.include("Notes");
      await page.goBack();
      expect(await headingOf(page)).to.equal("Sign in to your account");
    });

    it("switches between two people, and signs both out", async () => {
      const page = await open(options);
      await openAccount(page);
      const second = await createPerson();
      await follow(page, "Switch account");
      await signIn(page, second);
      expect(await page.locator(".account-bar").innerText()).to.include(second.username);
      await follow(page, "Switch account");
      expect(await headingOf(page)).to.equal("Choose an account");
      await pressFirst(page, new RegExp(`^${person.username} `));
      expect(await page.locator(".account-bar").innerText()).to.include(person.username);
      await press(page, "Sign out all accounts");
      expect(await headingOf(page)).to.equal("You are signed out");
      expect(await page.getByText("Still signed in").count()).to.equal(0);
      await page.goto(account());
      expect(await headingOf(page)).to.equal("Sign in to your account");
    });

    it("lets an application ask which of them, and comes back as that one", async () => {
      const page = await open(options);
      await openAccount(page);
      const second = await createPerson();
      await follow(page, "Switch account");
      await signIn(page, second);
      await page.goto(app.loginUrl({ prompt: "select_account" }));
      expect(await headingOf(page)).to.equal("Choose an account for Notes");
      await pressFirst(page, new RegExp(`^${person.username} `));
      expect(await headingOf(page)).to.equal("Notes asks for access to your account");
      expect(await page.locator("main").innerText()).to.include(person.username);
      await press(page, "Allow");
      expect(page.url()).to.equal(`${app.origin}/`);
    });

    it("leads on when the session was ended elsewhere while the page was open", async () => {
      const page = await open(options);
      await openAccount(page);
      await follow(page, "Connected apps");
      await server.app.endSessions.endAllOfAccount(await accountId(), {
        reason: "administrator",
        includingOffline: true,
      });
      await press(page, "Sign out");
      expect(await headingOf(page)).to.equal("Sign in to your account");
      expect(await page.locator("main").innerText()).to.include("You have been signed out here");
      await signIn(page, person);
      expect(await headingOf(page)).to.equal("Security");
    });

    it("asks for the password again when the sign-in was long ago, and then does the very thing", async () => {
      const page = await open(options);
      await openAccount(page);
      await openAccount(await open(options));
      await page.reload();
      await laterBy(600, async () => {
        await press(page, "Sign out everywhere else");
        expect(await headingOf(page)).to.equal("Confirm that it is you");
        await page.getByLabel("Password", { exact: true }).fill("not it");
        await press(page, "Confirm");
        expect(await page.title()).to.match(/^Error: /);
        await page.getByLabel("Password", { exact: true }).fill(person.password);
        await press(page, "Confirm");
        expect(await page.getByRole("status").innerText()).to.include("1 other device");
      });
    });

    it("keeps what was typed after a wrong password, but not the password", async () => {
      const page = await open(options);
      await page.goto(account());
      await fillIn(page, { ...person, password: "not it" });
      await page.getByLabel("Keep me signed in on this device").check();
      await press(page, "Sign in");
      expect(await page.getByLabel("Email or username").inputValue()).to.equal(person.username);
      expect(await page.getByLabel("Password", { exact: true }).inputValue()).to.equal("");
      expect(await page.getByLabel("Keep me signed in on this device").isChecked()).to.equal(true);
    });
  });
});

async function pressFirst(page: Page, name: RegExp): Promise<void> {
  await Promise.all([
    page.waitForEvent("load"),
    page.getByRole("button", { name }).first().click(),
  ]);
}
