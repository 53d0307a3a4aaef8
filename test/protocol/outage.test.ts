import { expect } from "chai";
import { startFaultProxy } from "../support/fault-proxy.js";
import { describeOnEachDatabase } from "../support/stores.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

describeOnEachDatabase("a server whose database is silent", (createDatabase, backend) => {
  if (backend.name !== "PostgreSQL") return;

  let server: TestServer;
  let proxy: Awaited<ReturnType<typeof startFaultProxy>>;
  let clientId: string;
  let clientSecret: string | undefined;
  let agent: UserAgent;
  let loginPage: Page;
  before(async () => {
    const { url } = await createDatabase();
    proxy = await startFaultProxy(url);
    server = await startTestServer({ environment: { DATABASE_URL: proxy.url } });
    ({ clientId, clientSecret } = await server.app.clientAdministration.create({
      metadata: {
        redirect_uris: ["http://localhost:9999/cb"],
        grant_types: ["authorization_code", "client_credentials"],
      },
      policy: {
        firstParty: false,
        directSignIn: false,
        secondStep: false,
        resourceServer: undefined,
      },
      demonstration: false,
    }));
    agent = createUserAgent(server.issuer);
    loginPage = await agent.open(server.issuer + authorization());
    await proxy.be("silent");
  });
  after(async () => {
    await server.close();
    await proxy.close();
  });

  const get = (path: string, accept: string) =>
    fetch(server.issuer + path, { headers: { Accept: accept }, redirect: "manual" });
  const authorization = () =>
    `/auth?client_id=${clientId}&response_type=code&scope=openid&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256`;

  it("answers programs with 503 temporarily_unavailable and when to come back", async function () {
    this.timeout(120_000);
    const response = await fetch(`${server.issuer}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: clientSecret ?? "",
      }),
    });
    expect(response.status).to.equal(503);
    expect(Number(response.headers.get("Retry-After"))).to.be.above(0);
    expect(await response.json()).to.deep.include({ error: "temporarily_unavailable" });
  });

  it("answers people with a page that says to try again, and leads to it", async function () {
    this.timeout(120_000);
    const response = await get(authorization(), "text/html");
    const html = await response.text();
    expect(response.status).to.equal(503);
    expect(response.headers.get("Location")).to.equal(null);
    expect(html).to.include("answer right now").and.include("Try again");
  });

  it("tells a person who signs in the same, and when to come back", async function () {
    this.timeout(120_000);
    const { username: identifier, password } = server;
    const page = await agent.submit(loginPage, { identifier, password }, { action: /\/login$/ });
    expect(page.status).to.equal(503);
    expect(Number(page.headers.get("Retry-After"))).to.be.above(0);
    expect(page.html).to.include("answer right now");
  });

  it("goes on serving discovery and keys, and says that it is not ready", async function () {
    this.timeout(120_000);
    expect((await get("/.well-known/openid-configuration", "*/*")).status).to.equal(200);
    expect((await get("/jwks", "*/*")).status).to.equal(200);
    expect((await get("/health/live", "*/*")).status).to.equal(200);
    const ready = await get("/health/ready", "*/*");
    expect(ready.status).to.equal(503);
    expect(await ready.json()).to.deep.equal({
      status: "unavailable",
      reason: "database_unavailable",
    });
  });

  it("serves again when the database answers, without a restart", async function () {
    this.timeout(180_000);
    await proxy.be("none");
    let status = 0;
    for (let attempt = 0; attempt < 10 && status !== 303; attempt++) {
      status = (await get(authorization(), "text/html")).status;
    }
    expect(status).to.equal(303);
    expect((await get("/health/ready", "*/*")).status).to.equal(200);
  });
});
