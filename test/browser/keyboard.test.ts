import { expect } from "chai";
import type { Page } from "playwright-core";
import { headingOf } from "../support/at-the-pages.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { createKeptMailbox, type KeptMailbox } from "../support/kept-mail.js";
import { choose, focusedOn, goBy, tabTo, typeInto } from "../support/keyboard.js";
import { PASSWORD, startTestServer, type TestServer } from "../support/test-server.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

const NEW_PASSWORD = "a new passphrase that is kept";

describeInBrowser("by keyboard alone (WCAG 2.2 2.1.1, 2.1.2, 2.4.3)", ({ open }) => {
  let server: TestServer;
  let app: WebApplication;
  let mailbox: KeptMailbox;
  before(async () => {
    server = await startTestServer();
    mailbox = createKeptMailbox(server);
  });
  after(() => server.close());
  beforeEach(async () => {
    app = await startWebApplication(server);
  });
  afterEach(() => app.close());

  async function codeFor(address: string): Promise<string> {
    return String((await mailbox.take(address)).values["code"]);
  }

  const isBack = async (page: Page, name: string) => {
    expect(page.url()).to.equal(`${app.origin}/`);
    expect(await headingOf(page)).to.equal(`Notes of ${name}`);
  };

  withAndWithoutScript((options) => {
    const unique = options.javaScriptEnabled ? "scripted" : "plain";

    it("signs in, with the summary first after a mistake, and allows access", async () => {
      const page = await open(options);
      await page.goto(app.loginUrl());
      expect((await focusedOn(page)).name).to.equal("Email or username");
      await typeInto(page, "Email or username", "ada");
      await typeInto(page, "Password", "not the password");
      await goBy(page, "Enter");

      expect((await focusedOn(page)).role).to.equal("alert");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      expect((await focusedOn(page)).name).to.equal("Password");
      await page.keyboard.type(PASSWORD);
      await choose(page, "Sign in");
      expect(await headingOf(page)).to.equal("Notes asks for access to your account");
      await choose(page, "Allow", "Space");
      await isBack(page, "Ada Example");
    });

    it("passes what stands before a button on the way to it, and comes round", async () => {
      const page = await open(options);
      await page.goto(app.loginUrl({ prompt: "login" }));
      const passed = await tabTo(page, "Sign in");
      expect(passed.slice(0, 2)).to.deep.equal(["Email or username", "Password"]);
      await tabTo(page, /^Cancel and return/);
      await tabTo(page, "Email or username");
    });

    it("signs up with a code from the mail, and returns", async () => {
      const address = `${unique}@example.com`;
      const page = await open(options);
      await page.goto(app.loginUrl());
      await choose(page, "Create an account");
      await typeInto(page, "Email", address);
      await choose(page, "Send the code");
      await page.keyboard.type(await codeFor(address));
      await goBy(page, "Enter");
      await typeInto(page, "Your name (optional)", "Kay Example");
      await typeInto(page, "New password", NEW_PASSWORD);
      await choose(page, "Create account");
      await passDone(page);
      await choose(page, "Allow");
      await isBack(page, "Kay Example");
    });

    it("resets a forgotten password with a code from the mail, and signs in", async () => {
      const address = `forgetful-${unique}@example.com`;
      await server.app.createAccount({
        username: `lee-${unique}`,
        email: address,
        emailVerified: true,
        profile: { name: "Lee Example" },
        password: "the one that was forgotten",
      });
      const page = await open(options);
      await page.goto(app.loginUrl());
      await choose(page, "Forgotten your password?");
      await typeInto(page, "Email or username", address);
      await goBy(page, "Enter");
      await page.keyboard.type(await codeFor(address));
      await goBy(page, "Enter");
      await typeInto(page, "New password", NEW_PASSWORD);
      await goBy(page, "Enter");
      await passDone(page);
      if ((await headingOf(page)).startsWith("Sign in to")) {
        await typeInto(page, "Email or username", address);
        await typeInto(page, "Password", NEW_PASSWORD);
        await goBy(page, "Enter");
      }
      await choose(page, "Allow");
      await isBack(page, "Lee Example");
    });

    it("goes through the account's pages, and signs out of another browser there", async () => {
      const elsewhere = await open(options);
      await signInToAccount(elsewhere);
      const page = await open(options);
      await signInToAccount(page);
      await choose(page, "Sign-ins");
      await choose(page, /^Sign out everywhere else/);
      expect(await page.getByRole("status").innerText()).to.not.equal("");
      await choose(page, "Connected apps");
      await choose(page, /^Sign out/);
      await elsewhere.reload();
      expect(await headingOf(elsewhere)).to.equal("Sign in to your account");
    });
  });

  async function signInToAccount(page: Page): Promise<void> {
    await page.goto(`${server.issuer}/account`);
    await typeInto(page, "Email or username", "ada");
    await typeInto(page, "Password", PASSWORD);
    await goBy(page, "Enter");
  }

  /** The page that says that it is done, where there is one. */
  async function passDone(page: Page): Promise<void> {
    if ((await page.getByRole("button", { name: "Allow" }).count()) > 0) return;
    const main = page.locator("main .button--primary");
    await choose(page, (await main.first().innerText()).trim());
  }
});
