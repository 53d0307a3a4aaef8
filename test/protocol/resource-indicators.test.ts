import { expect } from "chai";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { refusalOf } from "../support/oauth-error.js";
import { LIBRARIES, connect, type RelyingParty } from "../support/relying-party-libraries.js";
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
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

const READ = { resource: API, scope: "orders:read" };

describe("resource indicators (RFC 8707) and JWT access tokens (RFC 9068)", () => {
  let server: TestServer;
  /** Signed in once; each client of a test gets its own grant. */
  let agent: UserAgent;
  let machineClient: TestClient;
  let machine: RelyingParty;
  before(async () => {
    server = await startTestServer();
    agent = createUserAgent(server.issuer);
    await createTestApis(server);
    machineClient = await createMachineClient(server);
    machine = await connect(server, machineClient);
  });
  after(() => server.close());

  for (const library of LIBRARIES) {
    it(`gives a machine a JWT for an API, which verifies with the published keys (RFC 9068 §2, ${library.name})`, async () => {
      const party = await library.connect(server, machineClient);
      const { access_token, scope, expires_in } = await party.clientCredentials(READ);
      expect([scope, expires_in]).to.deep.equal(["orders:read", server.config.accessTokenSeconds]);
      expect(decodeProtectedHeader(access_token)).to.include({ typ: "at+jwt", alg: "ES256" });
      const jwks = createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
      const { payload } = await jwtVerify(access_token, jwks, {
        issuer: server.issuer,
        audience: API,
        typ: "at+jwt",
      });
      const { clientId } = machineClient;
      expect(payload).to.include({ client_id: clientId, sub: clientId, scope: "orders:read" });
      expect(payload).to.include.keys("iat", "exp", "jti");
      expect(Number(payload.exp) - Number(payload.iat)).to.equal(server.config.accessTokenSeconds);
    });

    it(`gives a person's application a JWT for an API by the code flow (${library.name})`, async () => {
      const client = await createTestClient(server);
      const party = await library.connect(server, client);
      const parameters = { resource: API, scope: "openid orders:read" };
      const { tokens, subject } = await signInWith(server, party, { agent, parameters });
      // The library gives the token for userinfo unless the token request names the API.
      const { access_token } = await party.refresh(tokens.refresh_token ?? "", { resource: API });
      expect(decodeJwt(access_token)).to.include({
        aud: API,
        sub: subject,
        client_id: client.clientId,
        scope: "orders:read",
      });
    });
  }

  it("gives the API's token at once when the token request names it (RFC 8707 §2.2)", async () => {
    const rp = await connect(server, await createTestClient(server));
    const parameters = { resource: API, scope: "openid orders:read" };
    await signInWith(server, rp, { agent, parameters });
    const attempt = await rp.begin(parameters);
    const { url } = await agent.open(attempt.url);
    const tokens = await rp.redeem(attempt, url, { resource: API });
    expect(decodeJwt(tokens.access_token)).to.include({ aud: API, scope: "orders:read" });
  });

  it("is accepted by a library that verifies access tokens as an API does (RFC 9068 §4)", async () => {
    const { access_token } = await machine.clientCredentials(READ);
    const insecure = { [oauth.allowInsecureRequests]: true };
    const issuer = new URL(server.issuer);
    const as = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, insecure),
    );
    const request = new Request("https://api.example.com/orders", {
      headers: { Authorization: `Bearer ${access_token}` },
    });
    const claims = await oauth.validateJwtAccessToken(as, request, API, insecure);
    expect(claims.scope).to.equal("orders:read");
  });

  it("takes an identifier with a slash at its end for the same API", async () => {
    const { access_token } = await machine.clientCredentials({ ...READ, resource: `${API}/` });
    expect(decodeJwt(access_token)).to.include({ aud: API });
  });

  it("takes the slash for the same API in the code flow too, and remembers consent for it", async () => {
    const rp = await connect(server, await createTestClient(server));
    const scope = "openid orders:read";
    await signInWith(server, rp, { agent, parameters: { resource: API, scope } });
    const attempt = await rp.begin({ resource: `${API}/`, scope, prompt: "none" });
    const { url } = await agent.open(attempt.url);
    expect(url.searchParams.get("error")).to.equal(null);
    const tokens = await rp.redeem(attempt, url, { resource: `${API}/` });
    expect(decodeJwt(tokens.access_token)).to.include({ aud: API, scope: "orders:read" });
  });

  it("gives opaque tokens to an API that wants them, with the API as audience", async () => {
    const parameters = { resource: OPAQUE_API, scope: "orders:read" };
    const { access_token } = await machine.clientCredentials(parameters);
    expect(access_token.split(".")).to.have.length(1);
    expect(await machine.introspect(access_token)).to.include({ aud: OPAQUE_API });
  });

  it("refuses an API that is not registered, and one that is no URI (RFC 8707 §2)", async () => {
    for (const resource of ["https://unknown.example", "not a uri", `${API}#fragment`]) {
      const refusal = await refusalOf(machine.clientCredentials({ resource }));
      expect(refusal, resource).to.include({ error: "invalid_target", status: 400 });
      const rp = await connect(server, await createTestClient(server));
      const { url } = await createUserAgent(server.issuer).open((await rp.begin({ resource })).url);
      expect(url.searchParams.get("error"), resource).to.equal("invalid_target");
    }
  });

  it("refuses an API that was not in the authorization request (RFC 8707 §2.2)", async () => {
    const rp = await connect(server, await createTestClient(server));
    const { tokens } = await signInWith(server, rp, { agent });
    const widened = rp.refresh(tokens.refresh_token ?? "", { resource: API });
    expect(await refusalOf(widened)).to.include({ error: "invalid_target" });
  });

  it("gives only scopes of the API that it names", async () => {
    const parameters = { resource: API, scope: "orders:read root:everything" };
    const { access_token, scope } = await machine.clientCredentials(parameters);
    expect(scope).to.equal("orders:read");
    expect(decodeJwt(access_token)["scope"]).to.equal("orders:read");
  });

  it("shows the API and its scopes in words at the consent page", async () => {
    const rp = await connect(server, await createTestClient(server));
    const fresh = createUserAgent(server.issuer);
    const { url } = await rp.begin({ resource: API, scope: "openid orders:read orders:write" });
    const { username, password } = server;
    const fields = { identifier: username, password };
    const page = await fresh.submit(await fresh.open(url), fields, { action: /\/login$/ });
    expect(page.html).to.include("Orders").and.include("Read your orders");
    expect(page.html).to.include("Change your orders");
  });

  it("opens no userinfo with a token for an API (RFC 9068 §4)", async () => {
    const rp = await connect(server, await createTestClient(server));
    const parameters = { resource: API, scope: "openid orders:read" };
    const { tokens, subject } = await signInWith(server, rp, { agent, parameters });
    const { access_token } = await rp.refresh(tokens.refresh_token ?? "", { resource: API });
    expect(await refusalOf(rp.userinfo(access_token, subject))).to.include({
      error: "invalid_token",
    });
  });
});
