import { expect } from "chai";
import { headingOf, press } from "../support/at-the-pages.js";
import { describeInBrowser, withAndWithoutScript } from "../support/describe-in-browser.js";
import { PASSWORD, startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { startSecondLatchkey } from "../support/upstreams/latchkey.js";
import { GRACE, type Upstream } from "../support/upstreams/upstream.js";
import { startWebApplication, type WebApplication } from "../support/web-application.js";

describeInBrowser("an account that is linked with another provider", ({ open }) => {
  let server: TestServer;
  let upstream: Upstream;
  let app: WebApplication;
  before(async () => {
    server = await startTestServer({
      environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1,localhost" },
    });
    upstream = await startSecondLatchkey({
      relyingParty: server.issuer,
      providerId: "corp",
      people: [GRACE],
    });
    await addUpstream(server, upstream, { id: "corp", displayName: "Corp" });
    await server.app.createAccount({
      username: "admiral",
      email: GRACE.email,
      emailVerified: true,
      profile: { name: "Admiral Example" },
      password: PASSWORD,
    });
    app = await startWebApplication(server);
  });
  after(async () => {
    await app.close();
    await server.close();
    await upstream.stop();
  });

  withAndWithoutScript((options) => {
    it("is proven once, then opened through it; removed and connected again on its page", async () => {
      const page = await open({
        ...options,
        // Chromium counts the 422 of a wrong password as an error.
        expectedComplaint: /422/,
      });
      await page.goto(app.loginUrl({ prompt: "login" }));
      await page.getByRole("link", { name: "Continue with Corp" }).click();
      await upstream.signInAtPages(page, GRACE);
      await page.waitForLoadState();
      expect(await headingOf(page)).to.equal("Is this your account?");

      await page.getByLabel("Password", { exact: true }).fill("not it");
      await press(page, "Sign in and connect Corp");
      expect(await page.title()).to.match(/^Error: /);
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await press(page, "Sign in and connect Corp");
      if ((await headingOf(page)).includes("asks for access")) await press(page, "Allow");
      expect(await headingOf(page)).to.equal("Notes of Admiral Example");

      await page.goto(`${server.issuer}/account/security`);
      expect(await page.getByText(GRACE.email).last().isVisible()).to.equal(true);
      await press(page, "Remove Corp");
      expect(await page.getByRole("status").innerText()).to.equal("Corp no longer signs you in.");

      // There, the person is signed in already.
      await page.getByRole("link", { name: "Connect Corp" }).click();
      await page.waitForURL(/\/account\/link\?/);
      expect(await headingOf(page)).to.equal("Connect Corp?");
      await press(page, "Connect Corp");
      expect(await page.getByRole("status").innerText()).to.equal("You can sign in with Corp now.");
      await press(page, "Remove Corp");
    });
  });
});
