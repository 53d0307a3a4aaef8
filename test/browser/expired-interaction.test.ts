import { expect } from "chai";
import type { Page } from "playwright-core";
import { follow, goOn, headingOf, press, signIn } from "../support/at-the-pages.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { laterBy } from "../support/shift-time.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

/** An interaction lasts an hour; the sealed copy of its request a day. */
const LUNCH_SECONDS = 2 * 3600;
const TWO_DAYS_SECONDS = 48 * 3600;

describeInBrowser(
  "never a dead end: pages left open, bookmarks, what changed meanwhile",
  ({ open }) => {
    let server: TestServer;
    let app: WebApplication;
    before(async () => {
      server = await startTestServer();
    });
    after(() => server.close());
    beforeEach(async () => {
      app = await startWebApplication(server);
    });
    afterEach(() => app.close());

    const isBack = async (page: Page) => {
      expect(page.url()).to.equal(`${app.origin}/`);
      expect(await headingOf(page)).to.equal("Notes of Ada Example");
    };
    /** What a browser does with the library's cookies when their hour is over. */
    const expireCookies = (page: Page) =>
      page.context().clearCookies({ name: /^latchkey_(interaction|resume)/ });

    withAndWithoutScript((options) => {
      it("signs in from a sign-in page that was left open, and nobody notices", async () => {
        const page = await open(options);
        await page.goto(app.loginUrl());
        await laterBy(LUNCH_SECONDS, async () => {
          await signIn(page, server);
          expect(await headingOf(page)).to.equal("Notes asks for access to your account");
          await press(page, "Allow");
          await isBack(page);
        });
      });

      it("does so after a wrong password, too, and when the browser has dropped its cookies", async () => {
        const page = await open(options);
        await page.goto(app.loginUrl());
        await expireCookies(page);
        await laterBy(LUNCH_SECONDS, async () => {
          await signIn(page, { ...server, password: "not it" });
          expect(await page.title()).to.match(/^Error: Sign in to Notes/);
          await goOn(page, app, server);
          await isBack(page);
        });
      });

      it("signs in from a page left open for a request that asks for a sign-in (prompt=login)", async () => {
        const page = await open(options);
        await page.goto(app.loginUrl({ prompt: "login" }));
        await laterBy(LUNCH_SECONDS, async () => {
          await goOn(page, app, server);
          await isBack(page);
        });
      });

      it("leads on from a consent page that was left open", async () => {
        const page = await open(options);
        await page.goto(app.loginUrl());
        await signIn(page, server);
        await expireCookies(page);
        await laterBy(LUNCH_SECONDS, async () => {
          await press(page, "Allow");
          await goOn(page, app, server);
          await isBack(page);
        });
      });

      it("shows the sign-in page anew on a reload after its hour", async () => {
        const page = await open(options);
        await page.goto(app.loginUrl());
        const before = page.url();
        await laterBy(LUNCH_SECONDS, async () => {
          await page.reload();
          expect(await headingOf(page)).to.equal("Sign in to Notes");
          expect(page.url()).to.not.equal(before);
          await goOn(page, app, server);
          await isBack(page);
        });
      });

      it("says so, with a way on, when the page was left open for days", async () => {
        const page = await open(options);
        await page.goto(app.loginUrl());
        await laterBy(TWO_DAYS_SECONDS, async () => {
          await signIn(page, server);
          await hasEnded(page);
        });
      });

      it("leads on from a bookmark of the sign-in page in another browser", async () => {
        const page = await open(options);
        await page.goto(app.loginUrl());
        const elsewhere = await open(options);
        await elsewhere.goto(page.url());
        await hasEnded(elsewhere);
      });

      it("asks for a sign-in when the account was disabled meanwhile, and refuses it", async () => {
        const person = {
          username: `temp-${options.javaScriptEnabled}`,
          password: "yet another phrase",
        };
        const account = await server.app.createAccount({
          username: person.username,
          email: undefined,
          emailVerified: false,
          profile: {},
          password: person.password,
        });
        const page = await open(options);
        await page.goto(app.loginUrl());
        await goOn(page, app, person);
        await page.goto(app.loginUrl({ prompt: "consent" }));
        await server.app.accounts.setDisabled(account.id, true);
        await press(page, "Allow");
        expect(await headingOf(page)).to.equal("Sign in to Notes");
        await page.goto(app.loginUrl());
        expect(await headingOf(page)).to.equal("Sign in to Notes");
        await signIn(page, person);
        expect(await page.title()).to.match(/^Error: Sign in to Notes/);
        await signIn(page, server);
        await goOn(page, app, server);
        await isBack(page);
      });

      it("says that the application is not known when it was deleted meanwhile", async () => {
        const page = await open(options);
        await page.goto(app.loginUrl());
        await server.app.clients.delete(app.clientId);
        await signIn(page, server);
        expect(await headingOf(page)).to.equal("This application is not known here");
        expect(await page.locator("main").innerText()).to.include("invalid_client");
        await follow(page, "Go to the start page");
        expect(await headingOf(page)).to.equal("This is a sign-in service");
      });
    });

    async function hasEnded(page: Page): Promise<void> {
      expect(await headingOf(page)).to.equal("This sign-in has ended");
      await follow(page, "Go to the start page");
      expect(page.url()).to.equal(`${server.issuer}/`);
      expect(await headingOf(page)).to.equal("This is a sign-in service");
    }
  },
);
