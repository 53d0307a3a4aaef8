import { expect } from "chai";
import type { Page } from "playwright-core";
import { follow, headingOf, press, signIn, type Credentials } from "../support/at-the-pages.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { startMailServer, type MailServer } from "../support/mail-server.js";
import { readMailedCode, readMailedLink } from "../support/mailed-code.js";
import { laterBy } from "../support/shift-time.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const NEW_PASSWORD = "another long passphrase of the same person";

/** Mail is read as it arrived at an SMTP server. */
describeInBrowser("what people change and take along at their account", ({ open }) => {
  let mailServer: MailServer;
  let server: TestServer;
  let person: Credentials & { readonly email: string };
  let people = 0;
  before(async () => {
    mailServer = await startMailServer();
    server = await startTestServer({
      deliversMail: true,
      environment: { SMTP_URL: mailServer.url, MAIL_FROM: "Latchkey <login@example.com>" },
    });
  });
  after(async () => {
    await server.close();
    await mailServer.close();
  });
  beforeEach(async () => {
    const username = `changing${++people}`;
    person = { username, email: `${username}@example.com`, password: `passphrase of ${username}` };
    await server.app.createAccount({ ...person, emailVerified: true, profile: {} });
  });

  const at = (path: string) => `${server.issuer}/account/${path}`;
  const noticeOf = (page: Page) => page.getByRole("status").innerText();

  async function openAccount(page: Page, path = "security", who: Credentials = person) {
    await page.goto(at("sign-in"));
    await signIn(page, who);
    await page.goto(at(path));
    return page;
  }

  async function expectSignedOut(page: Page): Promise<void> {
    await page.goto(at("security"));
    expect(await headingOf(page)).to.equal("Sign in to your account");
  }

  async function changePassword(page: Page, current: string, next: string): Promise<void> {
    await page.getByLabel("Current password").fill(current);
    await page.getByLabel("New password").fill(next);
    await press(page, "Save password");
  }

  async function requestDeletion(page: Page): Promise<void> {
    await page.getByLabel(/^To confirm, type your username/).fill(person.username);
    await press(page, "Delete my account");
    expect(await headingOf(page)).to.equal("You are signed out everywhere");
  }

  /** A field whose error is said beside it, by its id, and in the summary. */
  async function expectFieldError(page: Page, label: string, words: RegExp): Promise<void> {
    expect(await page.title()).to.match(/^Error: /);
    const field = page.getByLabel(label, { exact: true });
    expect(await field.getAttribute("aria-invalid")).to.equal("true");
    const [errorId] = (await field.getAttribute("aria-describedby"))?.split(" ") ?? [];
    expect(await page.locator(`[id="${errorId}"]`).innerText()).to.match(words);
    expect(await page.getByRole("alert").innerText()).to.match(words);
  }

  withAndWithoutScript((options) => {
    it("another password: the session here goes on, that of another browser ends", async () => {
      const page = await openAccount(await open(options));
      const elsewhere = await openAccount(await open(options));
      await follow(page, "Change password");
      await changePassword(page, "not the password", NEW_PASSWORD);
      await expectFieldError(page, "Current password", /is not right/);
      await changePassword(page, person.password, "too short");
      await expectFieldError(page, "New password", /character/);
      expect(await page.getByLabel("New password").inputValue()).to.equal("");
      await changePassword(page, person.password, NEW_PASSWORD);
      expect(await noticeOf(page)).to.include("Your password is saved.");
      expect(await headingOf(page)).to.equal("Security");
      await expectSignedOut(elsewhere);
      await signIn(elsewhere, { ...person, password: NEW_PASSWORD });
      expect(await headingOf(elsewhere)).to.equal("Security");
      expect((await mailServer.mailTo(person.email)).subject).to.match(
        /^Your password .* changed$/,
      );
    });

    it("personal data: an error is said next to its field, and what was typed is kept", async () => {
      const page = await openAccount(await open(options), "profile");
      await page.getByLabel("Full name").fill("Grace <b>Changing</b>");
      await page.getByLabel("Time zone").fill("Nowhere/At all");
      await press(page, "Save");
      await expectFieldError(page, "Time zone", /such as Europe\/Berlin/);
      expect(await page.getByLabel("Time zone").inputValue()).to.equal("Nowhere/At all");
      expect(await page.getByLabel("Full name").inputValue()).to.equal("Grace <b>Changing</b>");
      await page.getByLabel("Time zone").fill("Europe/Berlin");
      await press(page, "Save");
      expect(await noticeOf(page)).to.equal("Your personal data are saved.");
      expect(await page.locator("body").innerText()).to.include("Grace <b>Changing</b>");
    });

    it("personal data in two tabs: nothing of the other is replaced unasked", async () => {
      const one = await openAccount(await open(options), "profile");
      const other = await one.context().newPage();
      await other.goto(at("profile"));
      await other.getByLabel("Nickname").fill("Gracie");
      await other.getByLabel("Last name").fill("Changing");
      await press(other, "Save");
      await one.getByLabel("Nickname").fill("Grace");
      await press(one, "Save");
      await expectFieldError(one, "Nickname", /changed elsewhere meanwhile, to “Gracie”/);
      expect(await one.getByLabel("Nickname").inputValue()).to.equal("Grace");
      await press(one, "Save");
      expect(await noticeOf(one)).to.equal("Your personal data are saved.");
      expect(await one.getByLabel("Last name").inputValue()).to.equal("Changing");
    });

    it("another address: confirmed by the code that was mailed to it, undone from the one before", async () => {
      const page = await openAccount(await open(options));
      const email = `new-${person.email}`;
      await follow(page, "Change address");
      await page.getByLabel("New email address").fill(person.email);
      await press(page, "Send the code");
      await expectFieldError(page, "New email address", /your address already/);
      await page.getByLabel("New email address").fill(email);
      await press(page, "Send the code");
      const { code } = readMailedCode(await mailServer.mailTo(email));
      await page.getByLabel("Code from the mail").fill("0000 0000");
      await press(page, "Continue");
      await expectFieldError(page, "Code from the mail", /does not count/);
      await page.getByLabel("Code from the mail").fill(code);
      await press(page, "Continue");
      expect(await noticeOf(page)).to.equal(`Your email address is ${email}, and it is confirmed.`);

      const owner = await open(options);
      await owner.goto(readMailedLink(await mailServer.mailTo(person.email)));
      expect(await owner.locator("main").innerText()).to.include(person.email);
      await press(owner, "It wasn’t me: undo and sign out everywhere");
      expect(await headingOf(owner)).to.equal("All devices and apps are signed out");
      await expectSignedOut(page);
      await openAccount(page, "email");
      expect(await page.locator("main").innerText()).to.include(`Your address is ${person.email}.`);
    });

    it("what was not them: a link in the mail signs all devices out, once", async () => {
      const stranger = await openAccount(await open(options), "password");
      await changePassword(stranger, person.password, NEW_PASSWORD);
      const link = readMailedLink(await mailServer.mailTo(person.email));
      const owner = await open(options);
      await owner.goto(link);
      expect(await owner.locator("main").innerText()).to.match(/Your password .* was changed/);
      await stranger.reload();
      expect(await headingOf(stranger)).to.equal("Security");
      await press(owner, "It wasn’t me: sign out everywhere");
      expect(await headingOf(owner)).to.equal("All devices and apps are signed out");
      await expectSignedOut(stranger);
      await owner.goto(link);
      expect(await headingOf(owner)).to.equal("This link does not count any more");
      await owner.goto(at("not-me/done"));
      await follow(owner, "Choose a new password");
      expect(await headingOf(owner)).to.equal("Forgotten your password?");
    });

    it("activity: what they did, and what was refused", async () => {
      const page = await open(options);
      await page.goto(at("sign-in"));
      await signIn(page, { ...person, password: "not the password" });
      await openAccount(page, "password");
      await changePassword(page, person.password, NEW_PASSWORD);
      await server.app.flushActivity();
      await follow(page, "Activity");
      const rows = await page.locator(".row h2").allInnerTexts();
      expect(rows.slice(0, 3)).to.deep.equal([
        "Password changed",
        "Signed in",
        "Failed attempt to sign in\nRefused",
      ]);
      expect(await page.locator("main").innerText()).to.include("Chrome on Linux");
    });

    it("a file of all that is kept of them, after a fresh sign-in", async () => {
      const page = await openAccount(await open(options), "data");
      await laterBy(600, async () => {
        await press(page, "Download your data");
        expect(await headingOf(page)).to.equal("Confirm that it is you");
        await page.getByLabel("Password", { exact: true }).fill(person.password);
        await press(page, "Confirm");
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Download your data" }).click(),
        ]);
        expect(download.suggestedFilename()).to.equal(`${person.username}.json`);
        const file = await readAll(await download.createReadStream());
        const data = JSON.parse(file) as { account: object; session: object[] };
        expect(data.account).to.include({ username: person.username, email: person.email });
        expect(data.session).to.have.length(1);
      });
    });

    it("deletion: signed out at once, and the account is kept by who signs in again", async () => {
      const page = await openAccount(await open(options), "data");
      const elsewhere = await openAccount(await open(options));
      await follow(page, "Delete account…");
      const typed = page.getByLabel(/^To confirm, type your username/);
      await typed.fill("somebody else");
      await press(page, "Delete my account");
      expect(await page.title()).to.match(/^Error: /);
      expect(await typed.inputValue()).to.equal("somebody else");
      await requestDeletion(page);
      await expectSignedOut(elsewhere);
      const mail = await mailServer.mailTo(person.email);
      expect(mail.subject).to.match(/^Your account .* will be deleted$/);

      await follow(page, "Go to sign-in");
      await signIn(page, person);
      expect(await headingOf(page)).to.equal("Your account will be deleted");
      await page.goto(at("apps"));
      expect(await headingOf(page)).to.equal("Your account will be deleted");
      await press(page, "Keep my account");
      expect(await noticeOf(page)).to.include("Your account stays.");
      expect((await mailServer.mailTo(person.email, 2)).subject).to.match(/not be deleted$/);
    });

    it("deletion: kept by the link in the mail, in a browser that nobody signed in at", async () => {
      await requestDeletion(await openAccount(await open(options), "data/delete"));
      const mail = await mailServer.mailTo(person.email);
      expect(mail.text).to.match(/^Will be deleted: \w+/m);
      const page = await open(options);
      await page.goto(readMailedLink(mail));
      expect(await headingOf(page)).to.equal("Keep your account?");
      await press(page, "Keep my account");
      expect(await headingOf(page)).to.equal("Your account stays");
      await follow(page, "Open your account");
      await signIn(page, person);
      expect(await headingOf(page)).to.equal("Security");
    });
  });
});

async function readAll(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk.toString();
  return text;
}
