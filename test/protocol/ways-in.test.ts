import { expect } from "chai";
import { enrolAuthenticator } from "../support/authenticator-app.js";
import { describeOnTwoNodes } from "../support/deployments.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { startBareProvider } from "../support/upstreams/bare-oidc-provider.js";
import type { KillableUpstream, UpstreamPerson } from "../support/upstreams/upstream.js";
import { goToUpstream } from "../support/upstreams/walk.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const CODE_FORM = { action: /\/second-step$/ };
const ACRS = { claims: JSON.stringify({ id_token: { acr: null, amr: null } }) };

const person = (username: string): UpstreamPerson => ({
  username,
  password: "whatever the provider takes",
  name: `${username} Example`,
  email: `${username}@example.com`,
  emailVerified: true,
});
const PEOPLE = [person("linked"), person("linking"), person("strict")];

// How some of them go on; whether each of them asks is in ways-in-table.test.ts.
describe("ways in and the second step (ASVS 6.1.3, 6.3.4)", () => {
  let server: TestServer;
  let upstream: KillableUpstream;
  let open: RelyingParty;
  let payroll: RelyingParty;
  before(async () => {
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    upstream = await startBareProvider({
      relyingParty: server.issuer,
      providerId: "corp",
      people: PEOPLE,
    });
    await addUpstream(server, upstream, { id: "corp", displayName: "Corp" });
    const ours = { firstParty: true };
    open = await connect(server, await createTestClient(server, {}, ours));
    payroll = await connect(
      server,
      await createTestClient(server, { client_name: "Payroll" }, { ...ours, secondStep: true }),
    );
  });
  after(async () => {
    await upstream.stop();
    await server.close();
  });

  async function through(agent: UserAgent, who: UpstreamPerson | undefined, party = open) {
    if (who === undefined) throw new Error("nobody");
    const attempt = await party.begin(ACRS);
    const there = await goToUpstream(agent, attempt.url, "corp");
    return { attempt, page: await agent.open(await upstream.signInAs(who, there)) };
  }

  const isSecondStep = ({ url }: Page) => url.pathname.endsWith("/second-step");

  it("another provider: not asked for the person's own code, but for one that an application demands", async () => {
    const first = await through(createUserAgent(server.issuer), PEOPLE[0]);
    expect(first.page.url.searchParams.has("code"), first.page.html).to.equal(true);
    const { app } = await enrolAuthenticator(server, "linked@example.com");
    const agent = createUserAgent(server.issuer);
    const own = await through(agent, PEOPLE[0]);
    const { claims: weak } = await open.redeem(own.attempt, own.page.url);
    expect(weak?.["acr"]).to.equal("urn:latchkey:acr:federated");

    const { attempt, page } = await through(createUserAgent(server.issuer), PEOPLE[0], payroll);
    expect(isSecondStep(page), page.url.href).to.equal(true);
    // The session that is there, too.
    const stepUp = await payroll.begin(ACRS);
    const asked = await agent.open(stepUp.url);
    expect(isSecondStep(asked)).to.equal(true);
    const done = await agent.submit(asked, { code: app.nextCode() }, CODE_FORM);
    const { claims } = await payroll.redeem(stepUp, done.url);
    expect(claims?.["acr"]).to.equal("urn:latchkey:acr:mfa");
    expect(claims?.["amr"]).to.include.members(["otp", "mfa"]);
    expect(attempt.url).to.be.instanceOf(URL);
  });

  it("proof that links another provider: nothing is linked before the second step", async () => {
    const about = { email: "linking@example.com", emailVerified: true, profile: {} };
    const { id } = await server.app.createAccount({
      ...about,
      username: "linking-here",
      password: server.password,
    });
    const { app } = await enrolAuthenticator(server, "linking-here");
    const agent = createUserAgent(server.issuer);
    const { page } = await through(agent, PEOPLE[1]);
    expect(page.url.pathname).to.match(/\/link$/);
    const asked = await agent.submit(page, { password: server.password }, { action: /\/link$/ });
    expect(isSecondStep(asked), asked.url.href).to.equal(true);
    const linked = () => server.app.federatedIdentities.listOfAccount(id);
    expect(await linked()).to.have.length(0);
    const wrong = await agent.submit(asked, { code: "000000" }, CODE_FORM);
    expect([wrong.status, (await linked()).length]).to.deep.equal([422, 0]);
    const done = await agent.submit(wrong, { code: app.nextCode() }, CODE_FORM);
    expect(done.url.searchParams.has("code"), done.html).to.equal(true);
    expect(await linked()).to.have.length(1);
  });

  it("a first sign-in through another provider sets up what an application demands", async () => {
    const { page } = await through(createUserAgent(server.issuer), PEOPLE[2], payroll);
    expect(page.url.pathname).to.match(/\/second-step\/set-up$/);
  });

  it("a device: the code is asked for in the browser that allows it", async () => {
    const tv = await connect(
      server,
      await createTestClient(server, {
        grant_types: ["urn:ietf:params:oauth:grant-type:device_code"],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: "none",
      }),
    );
    const about = { email: undefined, emailVerified: false, profile: {} };
    const { password } = server;
    await server.app.createAccount({ ...about, username: "viewer", password });
    const { app } = await enrolAuthenticator(server, "viewer");
    const device = await tv.startDevice();
    const agent = createUserAgent(server.issuer);
    const entry = await agent.open(device.verification_uri);
    const confirm = await agent.submit(entry, { user_code: device.user_code });
    const login = await agent.submit(confirm, { confirm: "yes" });
    const fields = { identifier: "viewer", password };
    const asked = await agent.submit(login, fields, { action: /\/login$/ });
    expect(isSecondStep(asked), asked.url.href).to.equal(true);
    let page = await agent.submit(asked, { code: app.nextCode() }, CODE_FORM);
    if (page.html.includes('name="decision"')) {
      page = await agent.submit(page, { decision: "allow" }, { action: /\/consent$/ });
    }
    expect(page.html).to.include("Your device is connected");
  });
});

describeOnTwoNodes("a second step that meets another node at every request", (nodes) => {
  it("is completed, and of several with the same code at once one wins", async () => {
    const server = nodes();
    const rp = await connect(server, await createTestClient(server, {}, { firstParty: true }));
    const { app } = await enrolAuthenticator(server, server.username);
    const code = app.nextCode();
    const waiting = [];
    for (let n = 0; n < 4; n++) {
      const agent = createUserAgent(server.issuer);
      const login = await agent.open((await rp.begin()).url);
      const fields = { identifier: server.username, password: server.password };
      waiting.push({ agent, page: await agent.submit(login, fields, { action: /\/login$/ }) });
    }
    const pages = await Promise.all(
      waiting.map(({ agent, page }) => agent.submit(page, { code }, CODE_FORM)),
    );
    expect(pages.filter(({ url }) => url.searchParams.has("code"))).to.have.length(1);
  });
});
