import { expect } from "chai";
import { LIBRARIES, connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { refusalOf } from "../support/oauth-error.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

describe("refresh token grant", () => {
  let server: TestServer;
  /** Signed in once; each client of a test gets its own grant. */
  let agent: UserAgent;
  before(async () => {
    server = await startTestServer();
    agent = createUserAgent(server.issuer);
  });
  after(() => server.close());

  for (const library of LIBRARIES) {
    describe(library.name, () => {
      let rp: RelyingParty;
      before(async () => {
        rp = await library.connect(server, await createTestClient(server));
      });

      it("rotates the refresh token at every use (RFC 9700 §4.14.2)", async () => {
        const { tokens, subject } = await signInWith(server, rp, { agent });
        const second = await rp.refresh(tokens.refresh_token ?? "");
        const third = await rp.refresh(second.refresh_token ?? "");
        const seen = [tokens, second, third].map(({ refresh_token }) => refresh_token);
        expect(new Set(seen).size).to.equal(3);
        expect(await rp.userinfo(third.access_token, subject)).to.include({ sub: subject });
      });

      it("ends the whole family when an old refresh token comes back (RFC 9700 §4.14.2)", async () => {
        const { tokens, subject } = await signInWith(server, rp, { agent });
        const newest = await rp.refresh(tokens.refresh_token ?? "");
        const invalid = { error: "invalid_grant", status: 400 };
        expect(await refusalOf(rp.refresh(tokens.refresh_token ?? ""))).to.include(invalid);
        expect(await refusalOf(rp.refresh(newest.refresh_token ?? ""))).to.include(invalid);
        expect(await refusalOf(rp.userinfo(newest.access_token, subject))).to.include({
          error: "invalid_token",
        });
      });

      it("keeps subject and auth_time in the new ID token (OIDC Core §12.2)", async () => {
        const { tokens, subject } = await signInWith(server, rp, {
          agent,
          parameters: { max_age: "3600" },
        });
        const { claims } = await rp.refresh(tokens.refresh_token ?? "");
        expect(claims).to.include({ sub: subject, auth_time: tokens.claims?.["auth_time"] });
      });

      it("narrows the scope when asked, and widens it never (RFC 6749 §6)", async () => {
        const { tokens } = await signInWith(server, rp, {
          agent,
          parameters: { scope: "openid email" },
        });
        const narrow = await rp.refresh(tokens.refresh_token ?? "", { scope: "openid" });
        expect(narrow.scope).to.equal("openid");
        const wide = rp.refresh(narrow.refresh_token ?? "", { scope: "openid email phone" });
        expect(await refusalOf(wide)).to.include({ error: "invalid_scope" });
      });
    });
  }

  it("refuses the refresh token of another client (RFC 6749 §10.4)", async () => {
    const mine = await connect(server, await createTestClient(server));
    const other = await connect(server, await createTestClient(server));
    const { tokens } = await signInWith(server, mine, { agent });
    expect(await refusalOf(other.refresh(tokens.refresh_token ?? ""))).to.include({
      error: "invalid_grant",
    });
    // The attempt of a stranger does not end what is another's.
    expect(await mine.refresh(tokens.refresh_token ?? "")).to.have.property("access_token");
  });

  it("gives no refresh token to a client that did not register the grant", async () => {
    const client = await createTestClient(server, { grant_types: ["authorization_code"] });
    const { tokens } = await signInWith(server, await connect(server, client), {
      agent,
      parameters: { scope: "openid offline_access", prompt: "consent" },
    });
    expect(tokens.refresh_token).to.equal(undefined);
  });

  it("rotates for public clients too", async () => {
    const client = await createTestClient(server, { token_endpoint_auth_method: "none" });
    const rp = await connect(server, client);
    const { tokens } = await signInWith(server, rp, { agent });
    const newest = await rp.refresh(tokens.refresh_token ?? "");
    expect(await refusalOf(rp.refresh(tokens.refresh_token ?? ""))).to.include({
      error: "invalid_grant",
    });
    expect(await refusalOf(rp.refresh(newest.refresh_token ?? ""))).to.include({
      error: "invalid_grant",
    });
  });
});
