import { expect } from "chai";
import type { Page } from "playwright-core";
import { follow, goOn, headingOf, press, signIn } from "../support/at-the-pages.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { startMailServer, type MailServer } from "../support/mail-server.js";
import { readMailedCode } from "../support/mailed-code.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

const NEW = "a new passphrase that is kept";

describeInBrowser("a forgotten password", ({ open }) => {
  let mailServer: MailServer;
  let server: TestServer;
  let app: WebApplication;
  let person: { username: string; email: string };
  let people = 0;
  before(async () => {
    mailServer = await startMailServer();
    server = await startTestServer({
      deliversMail: true,
      environment: { SMTP_URL: mailServer.url, MAIL_FROM: "Latchkey <login@example.com>" },
    });
    app = await startWebApplication(server);
  });
  after(async () => {
    await app.close();
    await server.close();
    await mailServer.close();
  });
  beforeEach(async () => {
    const username = `forgetful${++people}`;
    person = { username, email: `${username}@example.com` };
    await server.app.createAccount({
      ...person,
      emailVerified: true,
      profile: { name: "Grace Forgetful" },
      password: "the passphrase that was forgotten",
    });
  });

  async function ask(page: Page): Promise<void> {
    await page.goto(app.loginUrl());
    await follow(page, "Forgotten your password?");
    await page.getByLabel("Email or username").fill(person.username);
    await press(page, "Send the code");
    expect(await page.locator("main").innerText()).to.include("If there is an account for");
  }

  async function mailed() {
    return readMailedCode(await mailServer.mailTo(person.email));
  }

  async function setPassword(page: Page): Promise<void> {
    expect(await headingOf(page)).to.equal("Choose a new password");
    await page.getByLabel("New password").fill(NEW);
    await press(page, "Set the password");
    expect(await headingOf(page)).to.equal("Your password is changed");
  }

  withAndWithoutScript((options) => {
    it("is replaced by way of a code, and the new one signs in to the application", async () => {
      const page = await open(options);
      await ask(page);
      await page.getByLabel("Code from the mail").fill((await mailed()).code);
      await press(page, "Continue");
      await setPassword(page);
      await follow(page, "Sign in to Notes");
      expect(await page.getByLabel("Email or username").inputValue()).to.equal(person.username);
      await goOn(page, app, { username: person.username, password: NEW });
      expect(await headingOf(page)).to.equal("Notes of Grace Forgetful");
      const notice = await mailServer.mailTo(person.email, 2);
      expect(notice.subject).to.match(/password/i);
    });

    it("is replaced by way of a link in another browser, once", async () => {
      await ask(await open(options));
      const { url } = await mailed();
      const page = await open(options);
      await page.goto(url);
      expect(await headingOf(page)).to.equal("Choose a new password?");
      await press(page, "Choose a new password");
      await setPassword(page);
      await page.goBack();
      expect(await headingOf(page)).to.equal("Your password is changed");
      await page.goto(url);
      expect(await headingOf(page)).to.equal("This does not count any more");
      await follow(page, "Back to sign-in");
      await signIn(page, { username: person.username, password: NEW });
      expect(await headingOf(page)).to.equal("Security");
    });

    it("says what is wrong with the new one, and keeps the way open", async () => {
      const page = await open(options);
      await ask(page);
      await page.getByLabel("Code from the mail").fill((await mailed()).code);
      await press(page, "Continue");
      await page.getByLabel("New password").fill("too short");
      await press(page, "Set the password");
      expect(await page.title()).to.match(/^Error: /);
      expect(await page.getByLabel("New password").inputValue()).to.equal("");
      await setPassword(page);
    });
  });

  it("leads on when the cookie is lost in the middle", async () => {
    const page = await open();
    await ask(page);
    await page.context().clearCookies();
    await page.reload();
    expect(await headingOf(page)).to.equal("This does not count any more");
    await follow(page, "Ask for a new code");
    expect(await headingOf(page)).to.equal("Forgotten your password?");
  });
});
