import { expect } from "chai";
import type { Page, Response } from "playwright-core";
import { arrive, fillIn, follow, headingOf, press, signIn } from "../support/at-the-pages.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { PASSWORD, startTestServer, type TestServer } from "../support/test-server.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

describeInBrowser("the main job: signing in to an application", ({ open }) => {
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

  withAndWithoutScript((options) => {
    it("leads a person through sign-in and consent back to an application that knows only the issuer", async () => {
      const page = await open(options);
      await page.goto(app.loginUrl());
      expect(await headingOf(page)).to.equal("Sign in to Notes");
      expect(await page.title()).to.equal("Sign in to Notes – Latchkey");
      await signIn(page, server);
      expect(await headingOf(page)).to.equal("Notes asks for access to your account");
      expect(await page.locator("main").innerText())
        .to.include("You are signed in as Ada Example (ada@example.com).")
        .and.include(`You will return to ${new URL(app.origin).host}.`)
        .and.include("Unverified app");
      await press(page, "Allow");
      expect(page.url()).to.equal(`${app.origin}/`);
      expect(await headingOf(page)).to.equal("Notes of Ada Example");

      const [{ claims, userinfo } = { claims: undefined, userinfo: undefined }] = app.signIns;
      expect(claims).to.include({ iss: server.issuer, aud: app.clientId });
      expect(userinfo).to.include({ sub: claims?.sub, email: "ada@example.com" });
    });

    it("asks no consent twice, and nothing at all while the session lasts", async () => {
      await arrive(await open(options), app, server);
      const page = await open(options);
      await page.goto(app.loginUrl());
      await signIn(page, server);
      expect(page.url()).to.equal(`${app.origin}/`);
      await page.goto(app.loginUrl());
      expect(page.url()).to.equal(`${app.origin}/`);
      expect(app.signIns).to.have.lengthOf(3);
    });

    it("signs out of the application and here, and returns (RP-Initiated Logout)", async () => {
      const page = await open(options);
      await arrive(page, app, server);
      await follow(page, "Sign out");
      expect(page.url()).to.equal(`${app.origin}/logged-out`);
      await page.goto(app.loginUrl());
      expect(await headingOf(page)).to.equal("Sign in to Notes");
    });

    const logoutWithoutProof = () => {
      const url = new URL(`${server.issuer}/session/end`);
      url.searchParams.set("client_id", app.clientId);
      url.searchParams.set("post_logout_redirect_uri", `${app.origin}/logged-out`);
      return url.href;
    };

    it("asks before it signs out when the application proves nothing", async () => {
      const page = await open(options);
      await arrive(page, app, server);
      await page.goto(logoutWithoutProof());
      expect(await headingOf(page)).to.equal("Do you want to sign out?");
      expect(await page.locator("main").innerText())
        .to.include("Notes asks to sign you out here.")
        .and.include(`You are signed in as ${server.username}.`);
      await press(page, "Sign out");
      expect(page.url()).to.equal(`${app.origin}/logged-out`);
      await page.goto(app.loginUrl());
      expect(await headingOf(page)).to.equal("Sign in to Notes");
    });

    it("stays signed in when the person says so at the confirmation", async () => {
      const page = await open(options);
      await arrive(page, app, server);
      await page.goto(logoutWithoutProof());
      await press(page, "Stay signed in");
      expect(page.url()).to.equal(`${app.origin}/logged-out`);
      await page.goto(app.loginUrl());
      expect(page.url()).to.equal(`${app.origin}/`);
    });

    it("shows the form again after a wrong password, with the focus on what is wrong", async () => {
      const page = await open(options);
      await page.goto(app.loginUrl());
      const answer = await submitted(page, { username: "ada", password: "not the password" });
      expect(answer.status()).to.equal(422);
      expect(await page.title()).to.match(/^Error: Sign in to Notes/);
      expect(await page.getByLabel("Email or username").inputValue()).to.equal("ada");
      const password = page.getByLabel("Password", { exact: true });
      expect(await password.inputValue()).to.equal("");
      expect(await password.getAttribute("aria-invalid")).to.equal("true");
      const focused = page.locator(":focus");
      expect(await focused.getAttribute("role")).to.equal("alert");
      expect(await focused.innerText()).to.include("The email, username or password is not right.");
      await focused.getByRole("link").click();
      expect(await page.locator(":focus").getAttribute("id")).to.equal("password");

      await password.fill(PASSWORD);
      await press(page, "Sign in");
      expect(await headingOf(page)).to.equal("Notes asks for access to your account");
    });
  });

  it("answers an unknown user name with the same page as a wrong password", async () => {
    const refusal = async (username: string) => {
      const page = await open();
      await page.goto(app.loginUrl());
      const html = await (await submitted(page, { username, password: "not it" })).text();
      return html
        .replaceAll(/name="(csrf_token|sealed_request|passkey_challenge)" value="[^"]*"/g, "$1")
        .replaceAll(/&quot;challenge&quot;:&quot;[\w-]+/g, "challenge")
        .replaceAll(/(\/|%2F)interaction\1[\w-]+/g, "/interaction/uid")
        .replaceAll(`value="${username}"`, "identifier");
    };
    expect(await refusal("nobody")).to.equal(await refusal("ada"));
  });

  it("shows and hides the password by a button that only script brings", async () => {
    const page = await open();
    await page.goto(app.loginUrl());
    await fillIn(page, server);
    const password = page.getByLabel("Password", { exact: true });
    const reveal = page.getByRole("button", { name: "Show password" });
    await reveal.click();
    expect(await password.getAttribute("type")).to.equal("text");
    await reveal.click();
    expect(await password.getAttribute("type")).to.equal("password");

    const plain = await open({ javaScriptEnabled: false });
    await plain.goto(app.loginUrl());
    expect(await plain.getByRole("button", { name: "Show password" }).count()).to.equal(0);
  });

  it("fills in the account that the application hints at", async () => {
    const page = await open();
    await page.goto(app.loginUrl({ login_hint: "ada@example.com" }));
    expect(await page.getByLabel("Email or username").inputValue()).to.equal("ada@example.com");
    expect(await page.locator(":focus").getAttribute("id")).to.equal("password");
  });
});

/** Sends the login form. @returns the answer to the post. */
async function submitted(
  page: Page,
  credentials: { username: string; password: string },
): Promise<Response> {
  await fillIn(page, credentials);
  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  await press(page, "Sign in");
  return answered;
}
