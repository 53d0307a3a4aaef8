import { expect } from "chai";
import type { Page } from "playwright-core";
import { arrive, goOn, headingOf, press, signIn } from "../support/at-the-pages.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

const GRACE = { username: "grace", password: "another long passphrase" };

describeInBrowser("never a dead end: Back, reload, two tabs, other accounts", ({ open }) => {
  let server: TestServer;
  let app: WebApplication;
  before(async () => {
    server = await startTestServer();
    await server.app.createAccount({
      username: GRACE.username,
      email: "grace@example.com",
      emailVerified: true,
      profile: { name: "Grace Example" },
      password: GRACE.password,
    });
  });
  after(() => server.close());
  beforeEach(async () => {
    app = await startWebApplication(server);
  });
  afterEach(() => app.close());

  const secondTab = async (page: Page) => {
    const tab = await page.context().newPage();
    await tab.goto(app.loginUrl());
    return tab;
  };
  const isBack = async (page: Page, name: string) => {
    expect(page.url()).to.equal(`${app.origin}/`);
    expect(await headingOf(page)).to.equal(`Notes of ${name}`);
  };

  withAndWithoutScript((options) => {
    it("offers to continue when someone goes back from the application to the consent page", async () => {
      const page = await open(options);
      await arrive(page, app, server);
      await page.goBack();
      expect(await headingOf(page)).to.equal("You are already signed in");
      expect(await page.locator("main").innerText()).to.include("as ada");
      await press(page, "Continue to Notes");
      await isBack(page, "Ada Example");
    });

    it("offers to continue when someone goes back from the consent page to the sign-in page", async () => {
      const page = await open(options);
      await page.goto(app.loginUrl());
      await signIn(page, server);
      await page.goBack();
      await press(page, "Continue to Notes");
      expect(await headingOf(page)).to.equal("Notes asks for access to your account");
      await press(page, "Allow");
      await isBack(page, "Ada Example");
    });

    it("shows the same step again on reload, and it still works", async () => {
      const page = await open(options);
      await page.goto(app.loginUrl());
      await page.reload();
      expect(await headingOf(page)).to.equal("Sign in to Notes");
      await signIn(page, { ...server, password: "not it" });
      await page.reload();
      expect(await headingOf(page)).to.equal("Sign in to Notes");
      await signIn(page, server);
      await page.reload();
      expect(await headingOf(page)).to.equal("Notes asks for access to your account");
      await press(page, "Allow");
      await isBack(page, "Ada Example");
    });

    it("lets two tabs sign in the same person, one after the other", async () => {
      const first = await open(options);
      await first.goto(app.loginUrl());
      const second = await secondTab(first);
      await goOn(first, app, server);
      await isBack(first, "Ada Example");
      await goOn(second, app, server);
      await isBack(second, "Ada Example");
      expect(app.signIns).to.have.lengthOf(2);
    });

    it("lets two tabs wait at the consent page at once", async () => {
      const first = await open(options);
      await first.goto(app.loginUrl());
      await signIn(first, server);
      const second = await secondTab(first);
      await press(first, "Allow");
      await isBack(first, "Ada Example");
      await press(second, "Allow");
      await isBack(second, "Ada Example");
    });

    it("signs in the second person when two tabs sign in different ones", async () => {
      const first = await open(options);
      await first.goto(app.loginUrl());
      const second = await secondTab(first);
      await goOn(first, app, server);
      await signIn(second, GRACE);
      await goOn(second, app, GRACE);
      await isBack(second, "Grace Example");
      const subjects = app.signIns.map(({ claims }) => claims.sub);
      expect(new Set(subjects).size).to.equal(2);
    });

    it("asks anew when the person at the consent page is no longer the one who is signed in", async () => {
      const first = await open(options);
      await first.goto(app.loginUrl());
      await signIn(first, server);
      const second = await secondTab(first);
      await press(second, "Use another account");
      await signIn(second, GRACE);
      await goOn(second, app, GRACE);
      await press(first, "Allow");
      await passWays(first, "Continue to Notes");
      await isBack(first, "Grace Example");
    });

    it("switches to another account from the consent page", async () => {
      const page = await open(options);
      await page.goto(app.loginUrl());
      await signIn(page, server);
      await press(page, "Use another account");
      expect(await headingOf(page)).to.equal("Sign in to Notes");
      await signIn(page, GRACE);
      expect(await page.locator("main").innerText()).to.include("Grace Example");
      await press(page, "Allow");
      await isBack(page, "Grace Example");
    });

    it("keeps the account when someone chose another and then signs in as before", async () => {
      const page = await open(options);
      await page.goto(app.loginUrl());
      await signIn(page, server);
      await press(page, "Use another account");
      await goOn(page, app, server);
      await isBack(page, "Ada Example");
    });

    it("tells the application when someone cancels the sign-in or the consent", async () => {
      const page = await open(options);
      await page.goto(app.loginUrl());
      await press(page, "Cancel and return to Notes");
      expect(await page.locator("#content").innerText()).to.equal("access_denied");
      await page.goto(app.loginUrl());
      await signIn(page, server);
      await press(page, "Cancel");
      expect(await page.locator("#content").innerText()).to.equal("access_denied");
      expect(app.signIns).to.have.lengthOf(0);
    });

    it("leads on from a form that is sent again after its interaction was done", async () => {
      const page = await open(options);
      await page.goto(app.loginUrl());
      const copy = await secondTab(page);
      await copy.goto(page.url());
      await goOn(page, app, server);
      await signIn(copy, server);
      await isBack(copy, "Ada Example");
    });
  });
});

async function passWays(page: Page, way: string): Promise<void> {
  if ((await page.getByRole("button", { name: way }).count()) > 0) await press(page, way);
}
