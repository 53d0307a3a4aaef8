import { expect } from "chai";
import type { Page } from "playwright-core";
import { headingOf, press, signIn } from "../support/at-the-pages.js";
import { describeInBrowser } from "../support/describe-in-browser.js";
import { eventually } from "../support/eventually.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { startBareProvider, type BareProvider } from "../support/upstreams/bare-oidc-provider.js";
import { isGlewlwydThere, startGlewlwyd } from "../support/upstreams/glewlwyd.js";
import { startSecondLatchkey } from "../support/upstreams/latchkey.js";
import {
  EDSGER,
  GRACE,
  type Upstream,
  type UpstreamPerson,
} from "../support/upstreams/upstream.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

const UPSTREAMS = [
  { name: "Glewlwyd", start: startGlewlwyd, isThere: isGlewlwydThere },
  { name: "The bare one", start: startBareProvider, isThere: () => true },
  { name: "The other Latchkey", start: startSecondLatchkey, isThere: () => true },
];

const ID = "upstream";

for (const { name, start, isThere } of UPSTREAMS) {
  describeInBrowser(`single sign-on through another provider: ${name}`, ({ open }) => {
    let server: TestServer;
    let upstream: Upstream;
    let app: WebApplication;
    before(async function () {
      if (!isThere()) this.skip();
      server = await startTestServer({
        environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1,localhost" },
      });
      upstream = await start({
        relyingParty: server.issuer,
        providerId: ID,
        people: [GRACE, EDSGER],
      });
      const logout = { fromUpstream: true, toUpstream: true };
      await addUpstream(server, upstream, { id: ID, displayName: name, logout });
    });
    after(async () => {
      await server?.close();
      await upstream?.stop();
    });
    beforeEach(async () => {
      app = await startWebApplication(server);
    });
    afterEach(() => app.close());

    /** What its own pages complain of is its own affair. */
    const visit = () =>
      open({ expectedComplaint: new RegExp(`${new URL(upstream.issuer).host}|fonts.googleapis`) });

    const countLogouts = () =>
      server.logs.filter(
        ({ event, outcome }) => event === "logout.received" && outcome === "success",
      ).length;
    const isThereNow = (url: URL) => url.origin === new URL(upstream.issuer).origin;

    async function leave(page: Page, link: string, person: UpstreamPerson): Promise<void> {
      await page.getByRole("link", { name: link }).click();
      await page.waitForURL(isThereNow);
      await upstream.signInAtPages(page, person);
      await page.waitForLoadState();
    }

    async function signInThere(page: Page, person = GRACE): Promise<void> {
      // With consent: Chromium holds a provider's `form-action` against every redirect that follows
      // its form, and over plain http it cannot allow an application that it does not know.
      await page.goto(app.loginUrl({ prompt: "consent" }));
      expect(await headingOf(page)).to.equal("Sign in to Notes");
      await leave(page, `Continue with ${name}`, person);
      await press(page, "Allow");
    }

    it("leads a person there and back to the application, with one account every time", async () => {
      for (let time = 0; time < 2; time++) {
        const page = await visit();
        await signInThere(page);
        expect(await headingOf(page)).to.equal(`Notes of ${GRACE.name}`);
      }
      const [first, second] = app.signIns;
      expect(first?.userinfo).to.include({ email: GRACE.email });
      expect(second?.claims.sub).to.equal(first?.claims.sub);
    });

    it("is connected with an account that was there, signs in to it, and is removed again", async () => {
      const page = await visit();
      await page.goto(`${server.issuer}/account/security`);
      await signIn(page, server);
      await leave(page, `Connect ${name}`, EDSGER);
      expect(await headingOf(page)).to.equal(`Connect ${name}?`);
      await press(page, `Connect ${name}`);
      const other = await visit();
      await signInThere(other, EDSGER);
      expect(await headingOf(other)).to.equal("Notes of Ada Example");

      await press(page, `Remove ${name}`);
      expect(await page.getByRole("button", { name: "Remove" }).count()).to.equal(0);
      await signInThere(await visit(), EDSGER);
      const subjects = app.signIns.map(({ claims }) => claims.sub);
      expect(subjects[1]).to.not.equal(subjects[0]);
    });

    it("signs out here, then there, and returns to the application (RP-Initiated Logout)", async () => {
      const page = await visit();
      await signInThere(page);
      await page.getByRole("link", { name: "Sign out", exact: true }).click();
      // The second Latchkey knows that it is its session, and asks nothing.
      await page.waitForURL((url) => isThereNow(url) || url.origin === app.origin);
      await upstream.agreeToSignOut(page);
      await page.waitForURL((url) => url.href.startsWith(`${app.origin}/logged-out`));
      await page.goto(app.loginUrl());
      expect(await headingOf(page)).to.equal("Sign in to Notes");
    });

    it("is signed out when the person signs out there (Back-Channel Logout)", async () => {
      const page = await visit();
      await signInThere(page);
      const before = countLogouts();
      await upstream.signOutAtPages(page);
      await eventually("the sign-out has come here", () => countLogouts() > before);
      await page.goto(app.loginUrl());
      expect(await headingOf(page)).to.equal("Sign in to Notes");
    });
  });
}

describeInBrowser("a provider that goes away in the middle of a sign-in", ({ open }) => {
  let server: TestServer;
  let upstream: BareProvider;
  let app: WebApplication;
  before(async () => {
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    const options = { relyingParty: server.issuer, providerId: ID, people: [GRACE] };
    upstream = await startBareProvider(options);
    await addUpstream(server, upstream, { id: ID, displayName: "Example Corp" });
    app = await startWebApplication(server);
  });
  after(async () => {
    await app.close();
    await server.close();
    await upstream.stop();
  });

  it("is told of in plain words, with another way in; and once it is back the same sign-in goes on", async () => {
    const page = await open({ expectedComplaint: /127\.0\.0\.1|fonts\.googleapis/ });
    await page.goto(app.loginUrl());
    upstream.dieOnceAnswered();
    await page.getByRole("link", { name: "Continue with Example Corp" }).click();
    await page.waitForURL((url) => url.href.startsWith(upstream.issuer));
    await upstream.signInAtPages(page, GRACE);
    await page.waitForLoadState();
    expect(await headingOf(page)).to.equal("Example Corp does not answer");
    const reference = await page.locator("dd.mono").first().innerText();
    expect(
      server.logs.find(({ requestId, audit }) => requestId === reference && audit === true),
    ).to.include({ event: "sign_in", outcome: "failure", reason: "upstream_unreachable" });
    await page.getByRole("link", { name: "Back to sign-in" }).click();
    expect(await page.getByLabel("Password", { exact: true }).count()).to.equal(1);

    await upstream.start();
    await page.getByRole("link", { name: "Continue with Example Corp" }).click();
    // It knows the browser by now, and asks nothing.
    await page.getByRole("button", { name: "Allow" }).click();
    await page.waitForURL(`${app.origin}/`);
    expect(await headingOf(page)).to.equal(`Notes of ${GRACE.name}`);
  });
});
