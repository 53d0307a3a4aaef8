import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { describeInBrowser } from "../support/describe-in-browser.js";
import { PROJECT, startScenario, type RunningScript } from "../support/documentation.js";
import { freePort } from "../support/free-port.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const GUIDE = "docs/guides/single-page-application.md";

describeInBrowser("the guide for single-page applications", (suite) => {
  let directory: string;
  let server: TestServer;
  let files: RunningScript;
  let home: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-spa-"));
    server = await startTestServer();
    const port = await freePort();
    home = `http://localhost:${port}/`;
    const { clientId } = await createTestClient(server, {
      redirect_uris: [home],
      post_logout_redirect_uris: [home],
      token_endpoint_auth_method: "none",
    });
    files = await startScenario({
      document: GUIDE,
      name: "serve",
      directory,
      environment: {},
      addresses: {
        "http://localhost:8000": server.issuer,
        "http://localhost:3000/": home,
        "listen(3000": `listen(${port}`,
        YOUR_CLIENT_ID: clientId,
      },
    });
    const library = join("node_modules", "oauth4webapi", "build", "index.js");
    await copyFile(join(PROJECT, library), join(directory, "oauth4webapi.js"));
    await files.waitFor(/Open/);
  });
  after(async () => {
    await files.stop();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("signs a person in, refreshes and signs out", async () => {
    // Browsers ask for an icon that the guide's page does not have.
    const page = await suite.open({ expectedComplaint: /favicon\.ico/ });
    await page.goto(home);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#identifier").fill(server.username);
    await page.locator("input[name=password]").fill(server.password);
    await page.locator("form[action$='/login'] button[type=submit]").click();
    await page.locator("button[value=allow]").click();
    await page.getByText("Signed in as Ada Example").waitFor();
    expect(page.url()).to.equal(home);

    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByText("New access token for 600 s").waitFor();

    // Its ID token proves the session, so nobody is asked.
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("Signed out").waitFor();
    expect(page.url()).to.equal(home);
  });
});
