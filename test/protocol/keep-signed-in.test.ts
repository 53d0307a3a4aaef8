import { expect } from "chai";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

describe("keep me signed in", () => {
  let server: TestServer;
  let rp: RelyingParty;
  before(async () => {
    server = await startTestServer();
    rp = await connect(server, await createTestClient(server, {}, { firstParty: true }));
  });
  after(() => server.close());

  it("is off unless chosen: the cookie goes with the browser", async () => {
    const { lifetime, page } = await signIn(createUserAgent(server.issuer), {});
    expect(page).to.include('name="keep"').and.not.include("checked");
    expect(lifetime).to.equal(undefined);
  });

  it("keeps the cookie for as long as the session may stay unused", async () => {
    const { lifetime = 0 } = await signIn(createUserAgent(server.issuer), { keep: "yes" });
    const seconds = (lifetime - Date.now()) / 1000;
    expect(seconds).to.be.closeTo(server.config.sessionIdleSeconds, 30);
  });

  it("takes no other word for yes", async () => {
    const { lifetime } = await signIn(createUserAgent(server.issuer), { keep: "no" });
    expect(lifetime).to.equal(undefined);
  });

  it("is what the person said last, in both directions", async () => {
    const agent = createUserAgent(server.issuer);
    await signIn(agent, {});
    const kept = await signIn(agent, { keep: "yes" }, { prompt: "login" });
    expect(kept.lifetime).to.be.a("number");
    const asked = await signIn(agent, {}, { prompt: "login" });
    expect(asked.page).to.include("checked");
    expect(asked.lifetime).to.equal(undefined);
  });

  async function signIn(
    agent: UserAgent,
    fields: Record<string, string>,
    parameters: Record<string, string> = {},
  ): Promise<{ page: string; lifetime: number | undefined }> {
    const page = await agent.open((await rp.begin(parameters)).url);
    const { username, password } = server;
    await agent.submit(page, { identifier: username, password, ...fields }, { action: /\/login$/ });
    const cookie = agent.cookies.find(({ name }) => name === "latchkey_session");
    expect(cookie).to.not.equal(undefined);
    return { page: page.html, lifetime: cookie?.expiresAtMs };
  }
});
