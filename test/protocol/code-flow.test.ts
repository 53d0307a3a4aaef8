import { expect } from "chai";
import { decodeProtectedHeader } from "jose";
import { LIBRARIES, type RelyingParty } from "../support/relying-party-libraries.js";
import { refusalOf } from "../support/oauth-error.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type UserAgent } from "../support/user-agent.js";

const PROFILE = { scope: "openid profile email" };

describe("authorization code flow with PKCE", () => {
  let server: TestServer;
  /** Signed in once; each client of a test gets its own grant. */
  let agent: UserAgent;
  before(async () => {
    server = await startTestServer();
    agent = createUserAgent(server.issuer);
  });
  after(() => server.close());

  for (const { name, connect } of LIBRARIES)
    describe(name, () => {
      let client: TestClient;
      let rp: RelyingParty;
      before(async () => {
        client = await createTestClient(server);
        rp = await connect(server, client);
      });

      it("signs a person in from discovery alone and gives an ID token that verifies (OIDC Core §3.1.3.7)", async () => {
        const { tokens } = await signInWith(server, rp, { parameters: PROFILE });
        expect(tokens.claims).to.include({ iss: server.issuer, aud: client.clientId });
        expect(tokens.token_type.toLowerCase()).to.equal("bearer");
        expect(tokens.expires_in).to.equal(server.config.accessTokenSeconds);
      });

      it("signs ID tokens with RS256 unless the client registered another (OIDC Registration §2)", async () => {
        const { tokens } = await signInWith(server, rp, { agent });
        expect(decodeProtectedHeader(tokens.id_token ?? "")).to.include({ alg: "RS256" });
      });

      it("signs ID tokens with ES256 for a client that registered it", async () => {
        const es256 = await createTestClient(server, { id_token_signed_response_alg: "ES256" });
        const { tokens } = await signInWith(server, await connect(server, es256), { agent });
        expect(decodeProtectedHeader(tokens.id_token ?? "")).to.include({ alg: "ES256" });
      });

      it("gives the claims of the granted scopes at userinfo, and the subject of the ID token (OIDC Core §5.3.2)", async () => {
        const { tokens, subject } = await signInWith(server, rp, { parameters: PROFILE });
        const claims = await rp.userinfo(tokens.access_token, subject);
        expect(claims).to.include({
          name: "Ada Example",
          preferred_username: "ada",
          email: "ada@example.com",
          email_verified: true,
        });
        const { tokens: bare } = await signInWith(server, rp, {
          agent,
          parameters: { scope: "openid" },
        });
        expect(await rp.userinfo(bare.access_token, subject)).to.have.all.keys("sub");
      });

      it("carries state and iss in the answer (RFC 9207 §2)", async () => {
        const attempt = await rp.begin();
        const callback = await authorize(agent, attempt.url, server);
        expect(callback.searchParams.get("state")).to.equal(attempt.state);
        expect(callback.searchParams.get("iss")).to.equal(server.issuer);
      });

      it("refuses a code used twice and ends the tokens of its first use (RFC 6749 §4.1.2)", async () => {
        const attempt = await rp.begin();
        const callback = await authorize(agent, attempt.url, server);
        const tokens = await rp.redeem(attempt, callback);
        expect(await refusalOf(rp.redeem(attempt, callback))).to.include({
          error: "invalid_grant",
        });
        const subject = String(tokens.claims?.["sub"]);
        expect(await refusalOf(rp.userinfo(tokens.access_token, subject))).to.include({
          status: 401,
        });
        expect(await refusalOf(rp.refresh(tokens.refresh_token ?? ""))).to.include({
          error: "invalid_grant",
        });
      });

      it("signs in a public client without a secret", async () => {
        const spa = await createTestClient(server, { token_endpoint_auth_method: "none" });
        const { tokens } = await signInWith(server, await connect(server, spa), { agent });
        expect(tokens.claims).to.include({ aud: spa.clientId });
      });

      it("asks nobody to sign in twice in one session, and consent only once", async () => {
        const { agent: browser } = await signInWith(server, rp, { parameters: PROFILE });
        const attempt = await rp.begin(PROFILE);
        const page = await browser.open(attempt.url);
        expect(page.status).to.equal(303);
        expect((await rp.redeem(attempt, page.url)).claims).to.include({ aud: client.clientId });
      });
    });
});
