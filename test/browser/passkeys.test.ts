import { expect } from "chai";
import type { Page } from "playwright-core";
import { follow, goOn, headingOf, press, signIn } from "../support/at-the-pages.js";
import { describeInBrowser } from "../support/describe-in-browser.js";
import { createPerson, type AccountPerson } from "../support/account-browser.js";
import { eventually } from "../support/eventually.js";
import { laterBy } from "../support/shift-time.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addVirtualAuthenticator } from "../support/virtual-authenticator.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

describeInBrowser("passkeys, with Chromium's virtual authenticator", ({ open }) => {
  let server: TestServer;
  let app: WebApplication;
  let person: AccountPerson;
  before(async () => {
    server = await startTestServer();
    app = await startWebApplication(server);
  });
  after(async () => {
    await app.close();
    await server.close();
  });
  beforeEach(async () => {
    person = await createPerson(server);
  });

  const at = (path: string) => `${server.issuer}/account${path}`;

  async function addPasskey(page: Page): Promise<void> {
    await page.goto(at("/passkeys/new"));
    await signIn(page, person);
    await page.goto(at("/passkeys/new"));
    await press(page, "Create a passkey");
    expect(await page.getByRole("status").innerText()).to.match(/^You can sign in with .* now\.$/);
  }

  /** Else the authenticator answers as soon as the page asks, before any button is pressed. */
  async function openWithoutConditional(): Promise<Page> {
    const page = await open();
    await page.addInitScript(() => {
      PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false);
    });
    return page;
  }

  it("is added on the account's page, and signs in to an application by the button", async () => {
    const page = await openWithoutConditional();
    const authenticator = await addVirtualAuthenticator(page);
    await addPasskey(page);
    expect(await authenticator.countPasskeys()).to.equal(1);
    await page.context().clearCookies();
    await page.goto(app.loginUrl());
    await press(page, "Sign in with a passkey");
    await goOn(page, app, person);
    expect(page.url()).to.include(app.origin);
  });

  it("is offered with the names that the browser fills in (conditional mediation)", async () => {
    const page = await open();
    await addVirtualAuthenticator(page);
    await addPasskey(page);
    await page.context().clearCookies();
    // The authenticator chooses for the person as soon as the page asks.
    await page.goto(app.loginUrl());
    await page.getByRole("heading", { name: "Notes asks for access to your account" }).waitFor();
  });

  it("confirms who is there before something is changed", async () => {
    const page = await open();
    const authenticator = await addVirtualAuthenticator(page);
    await addPasskey(page);
    await laterBy(301, async () => {
      await press(page, "Remove Chrome, Linux");
      expect(await headingOf(page)).to.equal("Confirm that it is you");
      await authenticator.setVerified(false);
      await page.getByRole("button", { name: "Confirm with a passkey" }).click();
      await page.getByText("No passkey was used.").waitFor();
      await authenticator.setVerified(true);
      await press(page, "Confirm with a passkey");
      expect(await page.getByRole("status").innerText()).to.include("no longer signs you in");
    });
  });

  it("is not made twice on one authenticator", async () => {
    const page = await open();
    const authenticator = await addVirtualAuthenticator(page);
    await addPasskey(page);
    await page.goto(at("/passkeys/new"));
    await page.getByRole("button", { name: "Create a passkey" }).click();
    await page.getByText("has a passkey on this device").waitFor();
    expect(await authenticator.countPasskeys()).to.equal(1);
  });

  it("is refused when it was removed, and then forgotten by its manager", async () => {
    const page = await openWithoutConditional();
    const authenticator = await addVirtualAuthenticator(page);
    await addPasskey(page);
    await server.database.knex("passkey").where({ account_id: person.accountId }).delete();
    await page.context().clearCookies();
    await page.goto(app.loginUrl());
    await page.getByLabel("Email or username").fill("somebody");
    await page.getByLabel("Keep me signed in").check();
    await press(page, "Sign in with a passkey");
    expect(await page.title()).to.match(/^Error: /);
    expect(await page.getByRole("alert").innerText()).to.include("cannot be used here");
    expect(await page.getByLabel("Email or username").inputValue()).to.equal("somebody");
    expect(await page.getByLabel("Keep me signed in").isChecked()).to.equal(true);
    await eventually("it is forgotten", async () => (await authenticator.countPasskeys()) === 0);
  });

  it("does not keep anybody out of a browser without it: the password is there", async () => {
    const page = await open();
    await addVirtualAuthenticator(page);
    await page.goto(app.loginUrl());
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("No passkey was used.").waitFor();
    await signIn(page, person);
    await follow(page, "Not now");
    await goOn(page, app, person);
    expect(page.url()).to.include(app.origin);
  });

  it("is offered after a sign-in with a password, and made or left", async () => {
    for (const [button, made] of [
      ["Not now", 0],
      ["Create a passkey", 1],
    ] as const) {
      const page = await openWithoutConditional();
      const authenticator = await addVirtualAuthenticator(page);
      await page.goto(app.loginUrl());
      await signIn(page, person);
      expect(await headingOf(page)).to.equal("Sign in more easily next time?");
      await (made === 0 ? follow(page, button) : press(page, button));
      await goOn(page, app, person);
      expect(page.url()).to.include(app.origin);
      expect(await authenticator.countPasskeys()).to.equal(made);
    }
  });

  it("shows nothing of it without script, and says so where one would be added", async () => {
    const page = await open({ javaScriptEnabled: false });
    await page.goto(at("/passkeys/new"));
    expect(await page.getByRole("button", { name: "Sign in with a passkey" }).count()).to.equal(0);
    await signIn(page, person);
    await page.goto(at("/passkeys/new"));
    expect(await page.getByText("This browser cannot add a passkey.").isVisible()).to.equal(true);
    expect(await page.getByRole("button", { name: "Create a passkey" }).count()).to.equal(0);
  });
});
