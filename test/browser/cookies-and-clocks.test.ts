import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { BrowserContext, Page } from "playwright-core";
import { follow, goOn, headingOf, press, signIn } from "../support/at-the-pages.js";
import { openProfile } from "../support/browser.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { createKeptMailbox } from "../support/kept-mail.js";
import { laterBy } from "../support/shift-time.js";
import { PASSWORD, startTestServer, type TestServer } from "../support/test-server.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

const DAY_SECONDS = 86_400;
/** Chromium's own setting "Block all cookies". */
const NO_COOKIES = { profile: { default_content_setting_values: { cookies: 2 } } };

describeInBrowser(
  "never a dead end: cookies lost or blocked, clocks that are wrong",
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

    withAndWithoutScript((options) => {
      for (const where of ["sign-in", "consent"]) {
        it(`leads on from the ${where} page when the browser has lost every cookie of ours meanwhile`, async () => {
          const page = await open(options);
          await page.goto(app.loginUrl());
          if (where === "consent") await signIn(page, server);
          await page.context().clearCookies({ domain: "localhost" });
          if (where === "consent") await press(page, "Allow");
          else await signIn(page, server);
          await goOn(page, app, server);
          await isBack(page);
        });
      }

      it("says so, with a way on, when the cookies of a sign-up are lost", async () => {
        const page = await open(options);
        await page.goto(app.loginUrl());
        await follow(page, "Create an account");
        await page.getByLabel("Email").fill("lost@example.com");
        await press(page, "Send the code");
        await page.context().clearCookies({ domain: "localhost" });
        await page.getByLabel("Code from the mail").fill("12345678");
        await press(page, "Continue");
        await hasOneWayOn(page, "This sign-in has ended");
        await follow(page, "Go to the start page");
        expect(await headingOf(page)).to.equal("This is a sign-in service");
      });

      it("says so, with a way on, when the cookies of a reset are lost", async () => {
        const page = await open(options);
        await page.goto(app.loginUrl());
        await follow(page, "Forgotten your password?");
        await page.getByLabel("Email or username").fill("ada");
        await press(page, "Send the code");
        await page.context().clearCookies({ domain: "localhost" });
        await page.getByLabel("Code from the mail").fill("12345678");
        await press(page, "Continue");
        await hasOneWayOn(page, "This sign-in has ended");
      });

      it("leads on with Back, reload and a second tab in the middle of a reset", async () => {
        // An account of its own: one mail after another to the same address has to wait.
        const username = options.javaScriptEnabled ? "scripted" : "unscripted";
        const email = `${username}@example.com`;
        await server.app.createAccount({
          username,
          email,
          emailVerified: true,
          password: PASSWORD,
        });
        const page = await open(options);
        await page.goto(`${server.issuer}/reset`);
        await page.getByLabel("Email or username").fill(username);
        await press(page, "Send the code");
        await page.reload();
        const tab = await page.context().newPage();
        await tab.goto(page.url());
        expect(await headingOf(tab)).to.equal("Look at your mail");
        await page.goBack();
        expect(await headingOf(page)).to.equal("Forgotten your password?");
        await page.goForward();
        const { values } = await createKeptMailbox(server).take(email, "reset_password");
        await tab.getByLabel("Code from the mail").fill(String(values["code"]));
        await press(tab, "Continue");
        expect(await headingOf(tab)).to.equal("Choose a new password");
        await page.getByLabel("Code from the mail").fill("12345678");
        await press(page, "Continue");
        expect(await page.locator("main a, main button").count()).to.be.above(0);
      });

      for (const [title, seconds] of [
        ["two days behind", 2 * DAY_SECONDS],
        ["two days ahead of", -2 * DAY_SECONDS],
      ] as const) {
        it(`signs in on a machine whose clock is ${title} the server's`, async () => {
          const page = await open(options);
          await laterBy(seconds, async () => {
            await page.goto(app.loginUrl());
            await goOn(page, app, server);
            await isBack(page);
          });
        });
      }
    });

    describe("in a browser that blocks all cookies", () => {
      let profile: string;
      let context: BrowserContext;
      before(async () => {
        profile = await mkdtemp(join(tmpdir(), "latchkey-profile-"));
        await mkdir(join(profile, "Default"));
        await writeFile(join(profile, "Default/Preferences"), JSON.stringify(NO_COOKIES));
      });
      after(() => rm(profile, { recursive: true, force: true }));
      afterEach(() => context.close());

      for (const javaScriptEnabled of [true, false]) {
        it(`says so, names the host and offers to try again, ${javaScriptEnabled ? "with" : "without"} script`, async () => {
          context = await openProfile(profile, { javaScriptEnabled });
          const page = await context.newPage();
          await page.goto(app.loginUrl());
          if ((await page.getByLabel("Password", { exact: true }).count()) > 0) {
            await signIn(page, server);
          }
          await hasOneWayOn(page, `Your browser blocks cookies for ${new URL(server.issuer).host}`);
          await follow(page, await wayOn(page));
          expect(await headingOf(page)).to.match(/cookies/);
        });
      }
    });

    const wayOn = async (page: Page) => (await primary(page).first().innerText()).trim();
    const primary = (page: Page) => page.locator("main .button--primary");

    async function hasOneWayOn(page: Page, heading: string): Promise<void> {
      expect(await headingOf(page)).to.equal(heading);
      expect(await primary(page).count()).to.equal(1);
    }
  },
);
