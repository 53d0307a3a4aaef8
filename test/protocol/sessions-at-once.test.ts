import { expect } from "chai";
import type { ModelStore } from "../../src/oidc/model-store.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

/** A browser sends several requests at once; each reads the session, and writes what it made of it. */
describe("requests of one session at once", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const connectFirstParty = async (): Promise<RelyingParty> =>
    connect(server, await createTestClient(server, {}, { firstParty: true }));

  const connectThirdParty = async () => connect(server, await createTestClient(server));

  it("that go to several applications give each a code of use, and lose none of them", async () => {
    const { agent } = await signInWith(server, await connectFirstParty());
    const parties = await Promise.all(Array.from({ length: 5 }, connectFirstParty));
    const attempts = await Promise.all(parties.map((rp) => rp.begin()));
    const together = holdReads(server.app.models, "Session", parties.length);
    const pages = await Promise.all(attempts.map(({ url }) => agent.open(url)));
    together.restore();
    for (const [index, rp] of parties.entries()) {
      const tokens = await rp.redeem(attempts[index]!, pages[index]!.url);
      expect(tokens).to.have.property("refresh_token").that.is.a("string");
    }
  });

  it("do not bring it back when the person signs out meanwhile", async () => {
    const rp = await connectFirstParty();
    const { agent } = await signInWith(server, rp);
    const other = await (await connectFirstParty()).begin();
    const page = await agent.open(`${server.issuer}/session/end`);

    const held = holdReads(server.app.models, "Session", Infinity);
    const tab = copyOf(agent);
    const late = tab.open(other.url);
    await held.reached;
    held.restore();
    const before = copyOf(agent);
    await agent.submit(page, { logout: "yes" });
    held.release();

    const answer = await late;
    // It is asked to sign in, as anybody who has not.
    expect(answer.url.pathname).to.match(/^\/interaction\//);
    for (const browser of [before, tab]) {
      const { url } = await rp.begin({ prompt: "none" });
      const { searchParams } = (await browser.open(url)).url;
      expect(searchParams.get("error")).to.equal("login_required");
    }
  });

  it("do not carry it on under another cookie when the person signs out meanwhile", async () => {
    const { agent } = await signInWith(server, await connectFirstParty());
    const rp = await connectThirdParty();
    const consent = await agent.open((await rp.begin()).url);
    const page = await agent.open(`${server.issuer}/session/end`);
    const held = holdReads(server.app.models, "Session", Infinity);
    const signingOut = copyOf(agent);
    const signedOut = signingOut.submit(page, { logout: "yes" });
    await held.reached;
    held.restore();
    await agent.submit(consent, { decision: "allow" }, { action: /\/consent$/ });
    held.release();
    await signedOut;
    const { searchParams } = (await agent.open((await rp.begin({ prompt: "none" })).url)).url;
    expect(searchParams.get("error")).to.equal("login_required");
  });

  it("leave one session, when each gives it another cookie, and it ends as a whole", async () => {
    const agent = createUserAgent(server.issuer);
    await signInWith(server, await connectFirstParty(), { agent });
    const account = await server.app.accounts.findForSignIn(server.username);
    const list = () => server.app.models.listSessions(String(account?.account.id));
    const before = await list();
    const parties = [await connectThirdParty(), await connectThirdParty()] as const;
    const attempts = [await parties[0].begin(), await parties[1].begin()] as const;
    const pages = [await agent.open(attempts[0].url), await agent.open(attempts[1].url)] as const;
    const held = holdReads(server.app.models, "Session", pages.length);
    const callbacks = await Promise.all(
      pages.map((page) => agent.submit(page, { decision: "allow" }, { action: /\/consent$/ })),
    );
    held.restore();
    expect(await list()).to.have.length(before.length);
    const tokens = [
      await parties[0].redeem(attempts[0], callbacks[0]!.url),
      await parties[1].redeem(attempts[1], callbacks[1]!.url),
    ] as const;

    await agent.submit(await agent.open(`${server.issuer}/session/end`), { logout: "yes" });
    expect(await list()).to.have.length(before.length - 1);
    for (const [index, rp] of parties.entries()) {
      const access = await rp.introspect(tokens[index]!.access_token);
      expect(access).to.deep.equal({ active: false });
    }
  });

  function copyOf(agent: UserAgent): UserAgent {
    const copy = createUserAgent(server.issuer);
    copy.cookies.push(...agent.cookies);
    return copy;
  }
});

/** Lets nobody go on who has read a record of this model, until `count` have or it is told to. */
function holdReads(models: ModelStore, model: string, count: number) {
  const { findFamily } = models;
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let read = 0;
  models.findFamily = async (...asked) => {
    const found = await findFamily(...asked);
    if (asked[0] !== model) return found;
    reached.resolve();
    if (++read >= count) released.resolve();
    await released.promise;
    return found;
  };
  return {
    reached: reached.promise,
    release: () => released.resolve(),
    restore: () => {
      models.findFamily = findFamily;
    },
  };
}
