import { expect } from "chai";
import { arrive, fillIn, follow, headingOf, press } from "../support/at-the-pages.js";
import { createAuthenticatorApp, enrolAuthenticator } from "../support/authenticator-app.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

describeInBrowser("the second step", ({ open }) => {
  let server: TestServer;
  let app: WebApplication;
  let people = 0;
  before(async () => {
    server = await startTestServer();
    app = await startWebApplication(server);
  });
  after(async () => {
    await app.close();
    await server.close();
  });

  async function newPerson() {
    const username = `walker${++people}`;
    const { password } = server;
    const about = { email: `${username}@example.com`, emailVerified: true, profile: {} };
    await server.app.createAccount({ ...about, username, password });
    return { username, password };
  }

  withAndWithoutScript((script) => {
    it("is set up from the account's page, asked for at an application, and replaced by a recovery code", async () => {
      const person = await newPerson();
      const page = await open({ ...script, expectedComplaint: /status of 422/ });
      await page.goto(`${server.issuer}/account/security`);
      await fillIn(page, person);
      await press(page, "Sign in");
      await page.locator("#second-step").getByRole("link", { name: "Set up" }).click();
      expect(await headingOf(page)).to.equal("Set up a second step");
      const picture = page.getByRole("img", { name: /^QR code/ });
      expect(await picture.evaluate((img: HTMLImageElement) => img.naturalWidth)).to.be.above(0);
      const secret = (await page.locator(".secret-key").innerText()).replaceAll(" ", "");
      const authenticator = createAuthenticatorApp(secret);
      await page.getByLabel("Code from your app").fill("000000");
      await press(page, "Set it up");
      expect(await page.title()).to.match(/^Error: /);
      await page.getByLabel("Code from your app").fill(authenticator.nextCode());
      await press(page, "Set it up");
      const codes = await page.locator(".recovery-codes li").allInnerTexts();
      expect(codes).to.have.length(10);
      const print = page.getByRole("button", { name: "Print" });
      expect(await print.isVisible()).to.equal(script.javaScriptEnabled);
      const download = page.waitForEvent("download");
      await page.getByRole("link", { name: "Download as text" }).click();
      expect((await download).suggestedFilename()).to.equal("recovery-codes.txt");
      await press(page, "I have kept them");
      expect(await page.locator("#recovery-codes").innerText()).to.include("0 of 10 used.");

      const other = await open({ ...script, expectedComplaint: /status of 422/ });
      await other.goto(app.loginUrl());
      await fillIn(other, person);
      await press(other, "Sign in");
      expect(await headingOf(other)).to.equal("Enter your code");
      await follow(other, "Use a recovery code instead");
      await other.getByLabel("Recovery code").fill(codes[0] ?? "");
      await press(other, "Continue");
      await other.goto(`${server.issuer}/account/security`);
      expect(await other.locator("#recovery-codes").innerText()).to.include("1 of 10 used.");
    });
  });

  it("does not strand who goes Back after it", async () => {
    const person = await newPerson();
    const { app: authenticator } = await enrolAuthenticator(server, person.username);
    const page = await open();
    await page.goto(app.loginUrl());
    await fillIn(page, person);
    await press(page, "Sign in");
    await page.getByLabel("Code from your app").fill(authenticator.nextCode());
    await press(page, "Continue");
    if (!page.url().startsWith(app.origin)) await press(page, "Allow");
    await page.goBack();
    expect(await page.getByRole("heading", { level: 1 }).count()).to.equal(1);
    await arrive(page, app, person);
    expect(page.url().startsWith(app.origin)).to.equal(true);
  });
});
