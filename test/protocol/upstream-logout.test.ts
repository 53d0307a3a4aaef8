import { expect } from "chai";
import { decodeJwt } from "jose";
import { eventually } from "../support/eventually.js";
import { refusalOf } from "../support/oauth-error.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { startBareProvider } from "../support/upstreams/bare-oidc-provider.js";
import { isGlewlwydThere, startGlewlwyd } from "../support/upstreams/glewlwyd.js";
import { startSecondLatchkey } from "../support/upstreams/latchkey.js";
import { signInThrough } from "../support/upstreams/walk.js";
import { EDSGER, GRACE, type Upstream } from "../support/upstreams/upstream.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

const UPSTREAMS = [
  { name: "Glewlwyd", start: startGlewlwyd, isThere: isGlewlwydThere },
  { name: "bare oidc-provider", start: startBareProvider, isThere: () => true },
  { name: "a second Latchkey", start: startSecondLatchkey, isThere: () => true },
];

const AFTER_LOGOUT = "http://localhost:9999/signed-out";

for (const { name, start, isThere } of UPSTREAMS) {
  describe(`sign-out and ${name}`, () => {
    const providerId = "upstream";
    let server: TestServer;
    let upstream: Upstream;
    let relyingParty: RelyingParty;
    before(async function () {
      if (!isThere()) this.skip();
      server = await startTestServer({
        environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1,localhost" },
      });
      upstream = await start({
        relyingParty: server.issuer,
        providerId,
        people: [GRACE, EDSGER],
      });
      const logout = { fromUpstream: true, toUpstream: true };
      await addUpstream(server, upstream, { id: providerId, displayName: name, logout });
      const client = await createTestClient(
        server,
        { post_logout_redirect_uris: [AFTER_LOGOUT] },
        { firstParty: true },
      );
      relyingParty = await connect(server, client);
    });
    after(async () => {
      await server?.close();
      await upstream?.stop();
    });

    async function signIn(person = GRACE) {
      const agent = createUserAgent(server.issuer);
      const attempt = await relyingParty.begin();
      const walk = { upstream, providerId, person };
      const { url } = await signInThrough(agent, attempt.url, walk);
      const tokens = await relyingParty.redeem(attempt, url);
      return { agent, tokens, subject: tokens.claims?.["sub"] };
    }

    function endSession(idToken: string | undefined): string {
      const parameters = new URLSearchParams({
        id_token_hint: idToken ?? "",
        post_logout_redirect_uri: AFTER_LOGOUT,
        state: "a-state",
      });
      return `${server.issuer}/session/end?${parameters}`;
    }

    async function isSignedIn(agent: UserAgent): Promise<boolean> {
      const { url } = await relyingParty.begin({ prompt: "none" });
      return (await agent.open(url)).url.searchParams.has("code");
    }

    it("a sign-out there ends the session here, with its tokens, at once (Back-Channel Logout §2.7)", async () => {
      const { agent, tokens } = await signIn();
      expect(await isSignedIn(agent)).to.equal(true);
      await upstream.signOut(GRACE);
      await eventually("the session has ended", async () => !(await isSignedIn(agent)));
      const refused = await refusalOf(relyingParty.refresh(tokens.refresh_token ?? ""));
      expect(refused).to.include({ error: "invalid_grant" });
      const received = server.logs.filter(({ event }) => event === "logout.received");
      expect(received.at(-1)).to.include({ outcome: "success", provider: providerId });
    });

    it("ends no session of somebody else, and none that began otherwise", async () => {
      const { agent: graces } = await signIn();
      const { agent: edsgers } = await signIn(EDSGER);
      const { agent: adas } = await signInWith(server, relyingParty);
      await upstream.signOut(EDSGER);
      await eventually("his session has ended", async () => !(await isSignedIn(edsgers)));
      expect(await isSignedIn(graces)).to.equal(true);
      expect(await isSignedIn(adas)).to.equal(true);
    });

    it("a sign-out here leads on to there, and comes back to the application (RP-Initiated Logout §2, §3)", async () => {
      const { agent, tokens } = await signIn();
      const page = await agent.open(endSession(tokens.id_token));
      expect(page.html).to.include("You are signed out here");
      expect(await isSignedIn(agent)).to.equal(false);
      const there = new URL(/0; url=(.*)/.exec(page.headers.get("Refresh") ?? "")?.[1] ?? "");
      expect(there.origin).to.equal(new URL(upstream.issuer).origin);
      const { id_token_hint: hint = "", ...rest } = Object.fromEntries(there.searchParams);
      expect(decodeJwt(hint)).to.include({ iss: upstream.issuer });
      expect(rest).to.include({
        client_id: upstream.clientId,
        post_logout_redirect_uri: `${server.issuer}/oauth/signed-out`,
      });
      const back = `${server.issuer}/oauth/signed-out?state=${encodeURIComponent(rest["state"] ?? "")}`;
      const { url } = await agent.open(back);
      expect(url.href).to.equal(`${AFTER_LOGOUT}?state=a-state`);
    });
    it("a sign-out on the account's own pages leads on to there, too", async () => {
      const { agent } = await signIn();
      const account = await agent.open(`${server.issuer}/account`);
      const page = await agent.submit(account, {}, { action: /account\/sign-out$/ });
      expect(page.html).to.include("You are signed out here");
      const there = new URL(/0; url=(.*)/.exec(page.headers.get("Refresh") ?? "")?.[1] ?? "");
      expect(there.origin).to.equal(new URL(upstream.issuer).origin);
      const state = new URLSearchParams({ state: there.searchParams.get("state") ?? "" });
      const back = await agent.open(`${server.issuer}/oauth/signed-out?${state}`);
      expect(back.html).to.include("You are signed out");
      expect(await isSignedIn(agent)).to.equal(false);
    });

    it("signs in with one account every time", async () => {
      const first = await signIn();
      const second = await signIn();
      expect(second.subject).to.equal(first.subject);
      expect(await isSignedIn(first.agent)).to.equal(true);
    });
  });
}
