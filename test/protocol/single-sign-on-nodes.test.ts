import { expect } from "chai";
import { describeOnTwoNodes } from "../support/deployments.js";
import { connect } from "../support/relying-party-libraries.js";
import { createTestClient } from "../support/test-client.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { startBareProvider } from "../support/upstreams/bare-oidc-provider.js";
import { GRACE, type KillableUpstream } from "../support/upstreams/upstream.js";
import { goToUpstream } from "../support/upstreams/walk.js";
import { createUserAgent } from "../support/user-agent.js";

const ALLOWED = { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" };
const ID = "bare";

describeOnTwoNodes("a sign-in at another provider, at two nodes", (nodes) => {
  let upstream: KillableUpstream;

  before(async () => {
    // The nodes of these tests may reach no private network of themselves.
    for (const node of nodes().nodes) {
      await node.stop("SIGTERM");
      await node.start(ALLOWED);
    }
    const relyingParty = nodes().issuer;
    upstream = await startBareProvider({ relyingParty, providerId: ID, people: [GRACE] });
    await addUpstream(nodes(), upstream, { id: ID });
  });
  after(() => upstream.stop());

  async function begin() {
    const party = await connect(nodes(), await createTestClient(nodes(), {}, { firstParty: true }));
    const attempt = await party.begin();
    const agent = createUserAgent(nodes().issuer);
    const there = await goToUpstream(agent, attempt.url, ID);
    return { party, attempt, agent, callback: await upstream.signInAs(GRACE, there) };
  }

  for (const ending of [0, 1]) {
    it(`is finished by the other when node ${ending} dies before the browser is back`, async () => {
      const { party, attempt, agent, callback } = await begin();
      const node = nodes().nodes[ending];
      await node?.stop("SIGKILL");
      try {
        const page = await agent.open(callback);
        expect(await party.redeem(attempt, page.url)).to.have.property("access_token");
      } finally {
        await node?.start();
      }
    });
  }

  it("is finished once, however often the answer arrives at both", async () => {
    const { agent, callback } = await begin();
    const browsers = Array.from({ length: 6 }, () => {
      const browser = createUserAgent(nodes().issuer);
      browser.cookies.push(...structuredClone(agent.cookies));
      return browser;
    });
    const pages = await Promise.all(browsers.map((browser) => browser.open(callback)));
    const codes = pages.filter(({ url }) => url.searchParams.has("code") && url.port === "9999");
    expect(codes).to.have.length(1);
  });
});
