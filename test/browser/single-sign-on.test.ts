import { expect } from "chai";
import type { Page } from "playwright-core";
import { headingOf, press } from "../support/at-the-pages.js";
import { describeInBrowser } from "../support/describe-in-browser.js";
import { eventually } from "../support/eventually.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { startBareProvider } from "../support/upstreams/bare-oidc-provider.js";
import { isGlewlwydThere, startGlewlwyd } from "../support/upstreams/glewlwyd.js";
import { startSecondLatchkey } from "../support/upstreams/latchkey.js";
import { GRACE, type Upstream } from "../support/upstreams/upstream.js";
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
      upstream = await start({ relyingParty: server.issuer, providerId: ID, people: [GRACE] });
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

    async function signInThere(page: Page): Promise<void> {
      // With consent: Chromium holds a provider's `form-action` against every redirect that follows
      // its form, and over plain http it cannot allow an application that it does not know.
      await page.goto(app.loginUrl({ prompt: "consent" }));
      expect(await headingOf(page)).to.equal("Sign in to Notes");
      await page.getByRole("link", { name: `Continue with ${name}` }).click();
      await page.waitForURL(isThereNow);
      await upstream.signInAtPages(page, GRACE);
      await page.waitForLoadState();
      await press(page, "Allow");
      expect(await headingOf(page)).to.equal(`Notes of ${GRACE.name}`);
    }

    it("leads a person there and back to the application, with one account every time", async () => {
      for (let time = 0; time < 2; time++) await signInThere(await visit());
      const [first, second] = app.signIns;
      expect(first?.userinfo).to.include({ email: GRACE.email });
      expect(second?.claims.sub).to.equal(first?.claims.sub);
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
