import { expect } from "chai";
import type { Page } from "playwright-core";
import { follow, headingOf, press, signIn } from "../support/at-the-pages.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { startMailServer, type MailServer } from "../support/mail-server.js";
import { readMailedCode } from "../support/mailed-code.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addVirtualAuthenticator } from "../support/virtual-authenticator.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

const PASSWORD = "a long passphrase of somebody new";

describeInBrowser("signing up", ({ open }) => {
  let mailServer: MailServer;
  let server: TestServer;
  let app: WebApplication;
  let people = 0;
  before(async () => {
    mailServer = await startMailServer();
    server = await startTestServer({
      deliversMail: true,
      environment: {
        SMTP_URL: mailServer.url,
        MAIL_FROM: "Latchkey <login@example.com>",
        TERMS_URL: "https://example.com/terms",
        TERMS_VERSION: "1",
      },
    });
    app = await startWebApplication(server);
  });
  after(async () => {
    await app.close();
    await server.close();
    await mailServer.close();
  });

  const newAddress = () => `newcomer${++people}@example.com`;

  async function mailed(email: string, count = 1) {
    return readMailedCode(await mailServer.mailTo(email, count));
  }

  async function giveAddress(page: Page, email: string): Promise<void> {
    await page.getByLabel("Email", { exact: true }).fill(email);
    await page.getByLabel("I agree to the terms of use").check();
    await press(page, "Send the code");
    expect(await headingOf(page)).to.equal("Confirm your address");
  }

  async function giveCode(page: Page, code: string): Promise<void> {
    await page.getByLabel("Code from the mail").fill(code);
    await press(page, "Continue");
  }

  async function giveAccount(page: Page): Promise<void> {
    expect(await headingOf(page)).to.equal("Choose a password");
    await page.getByLabel("Your name (optional)").fill("Grace Newcomer");
    await page.getByLabel("New password").fill(PASSWORD);
    await press(page, "Create account");
  }

  withAndWithoutScript((options) => {
    it("leads by the code from an application's sign-in back to the application", async () => {
      const page = await open(options);
      const email = newAddress();
      await page.goto(app.loginUrl());
      await follow(page, "Create an account");
      await giveAddress(page, email);
      await giveCode(page, (await mailed(email)).code);
      await giveAccount(page);
      expect(await headingOf(page)).to.equal("Notes asks for access to your account");
      await press(page, "Allow");
      expect(await headingOf(page)).to.equal("Notes of Grace Newcomer");
      expect(app.signIns.at(-1)?.userinfo).to.include({ email, email_verified: true });
    });

    it("goes on by the link in another browser, and the first signs in with what was made there", async () => {
      const here = await open(options);
      const email = newAddress();
      await here.goto(app.loginUrl({ prompt: "create", login_hint: email }));
      expect(await here.getByLabel("Email", { exact: true }).inputValue()).to.equal(email);
      await giveAddress(here, email);

      const there = await open(options);
      await there.goto((await mailed(email)).url);
      expect(await headingOf(there)).to.equal("Is this your address?");
      await press(there, "Yes, create an account");
      await giveAccount(there);
      expect(await headingOf(there)).to.equal("Your account is ready");
      expect(await there.locator("main").innerText()).to.include("Go back to Notes");
      await there.goBack();
      expect(await headingOf(there)).to.equal("Your account is ready");

      await follow(here, "I have an account");
      expect(await here.getByLabel("Email or username").inputValue()).to.equal(email);
      await signIn(here, { username: email, password: PASSWORD });
      await press(here, "Allow");
      expect(await headingOf(here)).to.equal("Notes of Grace Newcomer");
    });

    it("refuses a code that does not count in place, and takes the next one that was sent", async () => {
      const page = await open(options);
      const email = newAddress();
      await page.goto(`${server.issuer}/sign-up`);
      await giveAddress(page, email);
      const { code: first } = await mailed(email);
      await giveCode(page, "0000 0000");
      expect(await page.title()).to.match(/^Error: Confirm your address/);
      expect(await page.locator(":focus").innerText()).to.include("This code does not count.");
      await press(page, "Send a new code");
      expect(await page.getByRole("status").innerText()).to.include("We sent a new code");
      const { code: second } = await mailed(email, 2);
      await giveCode(page, first);
      expect(await page.locator(":focus").innerText()).to.include("This code does not count.");
      await giveCode(page, second);
      await giveAccount(page);
      expect(await headingOf(page)).to.equal("Security");
    });
  });

  it("makes an account with a passkey and without a password", async () => {
    const page = await open();
    await addVirtualAuthenticator(page);
    const email = newAddress();
    await page.goto(
      app.loginUrl({ prompt: "create", claims: '{"id_token":{"acr":null,"amr":null}}' }),
    );
    await giveAddress(page, email);
    await giveCode(page, (await mailed(email)).code);
    await page.getByLabel("Your name (optional)").fill("Grace Newcomer");
    await press(page, "Create account with a passkey");
    await press(page, "Allow");
    expect(await headingOf(page)).to.equal("Notes of Grace Newcomer");
    expect(app.signIns.at(-1)?.claims["acr"]).to.equal("phr");
    const record = await server.app.accounts.findForSignIn(email);
    expect(record?.account).to.include({ email, emailVerified: true });
    expect(record?.passwordHash).to.equal(undefined);
  });

  it("tells the owner of an account by mail alone that there is one", async () => {
    const page = await open();
    await page.goto(`${server.issuer}/sign-up`);
    await giveAddress(page, "ada@example.com");
    const { text } = await mailServer.mailTo("ada@example.com");
    expect(text)
      .to.include(`${server.issuer}/account/sign-in`)
      .and.not.match(/\d{4} \d{4}/);
  });

  it("goes on in two tabs, after Back and after a reload", async () => {
    const page = await open();
    const email = newAddress();
    await page.goto(`${server.issuer}/sign-up`);
    await giveAddress(page, email);
    const tab = await page.context().newPage();
    await tab.goto(`${server.issuer}/sign-up`);
    const other = newAddress();
    await giveAddress(tab, other);

    await page.reload();
    await giveCode(page, (await mailed(email)).code);
    await page.goBack();
    expect(await headingOf(page)).to.equal("Choose a password");
    await page.reload();
    await giveAccount(page);
    expect(await headingOf(page)).to.equal("Security");
    await page.goBack();
    expect(await headingOf(page)).to.equal("Your account is ready");

    await giveCode(tab, (await mailed(other)).code);
    await giveAccount(tab);
    expect(await tab.locator(".account-bar").innerText()).to.include(other);
  });

  it("leads on without its cookies, and by the link as if nothing had happened", async () => {
    const page = await open();
    const email = newAddress();
    await page.goto(app.loginUrl({ prompt: "create" }));
    await giveAddress(page, email);
    const { url } = await mailed(email);
    await page.context().clearCookies();
    await page.reload();
    expect(await headingOf(page)).to.equal("This sign-up is not here any more");
    await follow(page, "Start again");
    expect(await headingOf(page)).to.equal("Create an account");
    await page.goto(url);
    await press(page, "Yes, create an account");
    await giveAccount(page);
    expect(await headingOf(page)).to.equal("Your account is ready");
  });
});
