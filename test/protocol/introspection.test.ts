import { expect } from "chai";
import { decodeProtectedHeader } from "jose";
import { LIBRARIES, connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { oauthErrorOf } from "../support/raw-request.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  API,
  OPAQUE_API,
  createMachineClient,
  createTestApis,
  createTestClient,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { authorize, createUserAgent, type UserAgent } from "../support/user-agent.js";

describe("token introspection (RFC 7662)", () => {
  let server: TestServer;
  /** Signed in once; each client of a test gets its own grant. */
  let agent: UserAgent;
  before(async () => {
    server = await startTestServer();
    agent = createUserAgent(server.issuer);
    await createTestApis(server);
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

      it("tells a client about its own access and refresh token (§2.2)", async () => {
        const { tokens, subject } = await signInWith(server, rp, { agent });
        const own = { active: true, sub: subject, client_id: client.clientId };
        const access = await rp.introspect(tokens.access_token);
        expect(access).to.include({ ...own, scope: "openid", iss: server.issuer });
        expect(access).to.include({ token_type: "Bearer" });
        expect(await rp.introspect(tokens.refresh_token ?? "")).to.include(own);
      });

      it("tells another client nothing but active: false (§2.2, §4)", async () => {
        const { tokens } = await signInWith(server, rp, { agent });
        const other = await library.connect(server, await createTestClient(server));
        for (const token of [tokens.access_token, tokens.refresh_token ?? ""]) {
          expect(await other.introspect(token)).to.deep.equal({ active: false });
        }
      });

      it("shows a token to the client flagged as the API it is for, and to no other API", async () => {
        const machine = await library.connect(server, await createMachineClient(server));
        const parameters = { resource: OPAQUE_API, scope: "orders:read" };
        const { access_token } = await machine.clientCredentials(parameters);
        const flagged = (resourceServer: string) =>
          createMachineClient(server, {}, { resourceServer });
        const api = await library.connect(server, await flagged(OPAQUE_API));
        const shown = await api.introspect(access_token);
        expect(shown).to.include({ active: true, aud: OPAQUE_API, scope: "orders:read" });
        const otherApi = await library.connect(server, await flagged(API));
        expect(await otherApi.introspect(access_token)).to.deep.equal({ active: false });
      });

      it("does not show an API the tokens for userinfo", async () => {
        const { tokens } = await signInWith(server, rp, { agent });
        const policy = { resourceServer: OPAQUE_API };
        const api = await library.connect(server, await createMachineClient(server, {}, policy));
        expect(await api.introspect(tokens.access_token)).to.deep.equal({ active: false });
      });

      it("says active: false of a token that is not there (§2.2)", async () => {
        expect(await rp.introspect("no-such-token")).to.deep.equal({ active: false });
      });
    });
  }

  it("answers as a signed JWT to a client that registered it (RFC 9701 §4)", async () => {
    const client = await createTestClient(server, { introspection_signed_response_alg: "ES256" });
    const rp = await connect(server, client);
    const { tokens, subject } = await signInWith(server, rp, { agent });
    expect(await rp.introspect(tokens.access_token)).to.include({ active: true, sub: subject });

    const answer = await postForm(
      `${server.issuer}/token/introspect`,
      { token: tokens.access_token },
      { client, headers: { Accept: "application/token-introspection+jwt" } },
    );
    expect(answer.headers["content-type"]).to.match(/^application\/token-introspection\+jwt/);
    expect(decodeProtectedHeader(answer.body)).to.include({
      alg: "ES256",
      typ: "token-introspection+jwt",
    });
  });

  it("says active: false of the tokens of a client that is deleted, to the API they are for", async () => {
    const policy = { resourceServer: OPAQUE_API };
    const api = await connect(server, await createMachineClient(server, {}, policy));
    const parameters = { resource: OPAQUE_API, scope: "orders:read" };
    const machine = await createMachineClient(server);
    const own = await (await connect(server, machine)).clientCredentials(parameters);
    const application = await createTestClient(server);
    const rp = await connect(server, application);
    const attempt = await rp.begin({ ...parameters, scope: "openid orders:read" });
    const callback = await authorize(agent, attempt.url, server);
    const tokens = await rp.redeem(attempt, callback, { resource: OPAQUE_API });
    for (const { access_token } of [own, tokens]) {
      expect(await api.introspect(access_token)).to.include({ active: true });
    }
    await server.app.clientAdministration.delete(machine.clientId);
    await server.app.clientAdministration.delete(application.clientId);
    for (const { access_token } of [own, tokens]) {
      expect(await api.introspect(access_token)).to.deep.equal({ active: false });
    }
  });

  it("says active: false of a machine's opaque token once an administrator ended those of its client", async () => {
    const machine = await createMachineClient(server);
    const rp = await connect(server, machine);
    const parameters = { resource: OPAQUE_API, scope: "orders:read" };
    const { access_token } = await rp.clientCredentials(parameters);
    expect(await rp.introspect(access_token)).to.include({ active: true });
    await server.app.endAccess.ofClient(machine.clientId);
    expect(await rp.introspect(access_token)).to.deep.equal({ active: false });
    const another = await rp.clientCredentials(parameters);
    expect(await rp.introspect(another.access_token)).to.include({ active: true });
  });

  it("never repeats the token in its answer", async () => {
    const client = await createTestClient(server);
    const { tokens } = await signInWith(server, await connect(server, client), { agent });
    const url = `${server.issuer}/token/introspect`;
    for (const token of [tokens.access_token, tokens.refresh_token ?? ""]) {
      const answer = await postForm(url, { token }, { client });
      expect(answer.body).to.not.include(token);
    }
  });

  it("refuses a caller who does not authenticate (§2.1)", async () => {
    const client = await createTestClient(server);
    const url = `${server.issuer}/token/introspect`;
    const wrong = { ...client, clientSecret: "wrong" };
    const answer = await postForm(url, { token: "anything" }, { client: wrong });
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([401, "invalid_client"]);
    const anonymous = await postForm(url, { token: "anything" });
    expect(anonymous.status).to.be.oneOf([400, 401]);
  });
});
