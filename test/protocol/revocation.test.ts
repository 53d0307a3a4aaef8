import { expect } from "chai";
import { LIBRARIES, connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { refusalOf } from "../support/oauth-error.js";
import { oauthErrorOf } from "../support/raw-request.js";
import { signInWith } from "../support/sign-in-with.js";
import { createMachineClient, createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

describe("token revocation (RFC 7009)", () => {
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
      let client: TestClient;
      let rp: RelyingParty;
      before(async () => {
        client = await createTestClient(server);
        rp = await library.connect(server, client);
      });

      it("revokes a refresh token and the access tokens of its grant (§2.1)", async () => {
        const { tokens, subject } = await signInWith(server, rp, { agent });
        await rp.revoke(tokens.refresh_token ?? "");
        expect(await refusalOf(rp.refresh(tokens.refresh_token ?? ""))).to.include({
          error: "invalid_grant",
        });
        expect(await refusalOf(rp.userinfo(tokens.access_token, subject))).to.include({
          error: "invalid_token",
        });
      });

      it("revokes an access token (§2.1)", async () => {
        const { tokens, subject } = await signInWith(server, rp, { agent });
        await rp.revoke(tokens.access_token);
        expect(await refusalOf(rp.userinfo(tokens.access_token, subject))).to.include({
          error: "invalid_token",
        });
      });

      it("revokes the token of a machine", async () => {
        const machine = await library.connect(server, await createMachineClient(server));
        const { access_token } = await machine.clientCredentials();
        expect(await machine.introspect(access_token)).to.include({ active: true });
        await machine.revoke(access_token);
        expect(await machine.introspect(access_token)).to.include({ active: false });
      });

      it("answers 200 for a token that is not there (§2.2)", async () => {
        await rp.revoke("no-such-token");
      });
    });
  }

  it("leaves the tokens of another client alone (§2.1)", async () => {
    const mine = await connect(server, await createTestClient(server));
    const other = await connect(server, await createTestClient(server));
    const { tokens, subject } = await signInWith(server, mine, { agent });
    for (const token of [tokens.refresh_token ?? "", tokens.access_token]) {
      expect(await refusalOf(other.revoke(token))).to.include({ error: "invalid_request" });
    }
    expect(await mine.userinfo(tokens.access_token, subject)).to.include({ sub: subject });
    expect(await mine.refresh(tokens.refresh_token ?? "")).to.have.property("access_token");
  });

  it("refuses a caller who does not authenticate, and a wrong secret (§2.1)", async () => {
    const url = `${server.issuer}/token/revoke`;
    const client = await createTestClient(server);
    const anonymous = await postForm(url, { token: "anything" });
    expect(anonymous.status).to.be.oneOf([400, 401]);
    const wrong = await postForm(
      url,
      { token: "anything" },
      { client: { ...client, clientSecret: "wrong" } },
    );
    expect([wrong.status, oauthErrorOf(wrong)]).to.deep.equal([401, "invalid_client"]);
    expect(wrong.headers["www-authenticate"]).to.match(/^Basic /);
  });

  it("needs a token (§2.1)", async () => {
    const client = await createTestClient(server);
    const answer = await postForm(`${server.issuer}/token/revoke`, {}, { client });
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_request"]);
  });
});
