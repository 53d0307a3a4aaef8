import { expect } from "chai";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { generateDpopKey, signDpopProof } from "../support/dpop-proof.js";
import { oauthErrorOf } from "../support/raw-request.js";
import { refusalOf } from "../support/oauth-error.js";
import { LIBRARIES, connect } from "../support/relying-party-libraries.js";
import {
  API,
  createMachineClient,
  createTestApis,
  createTestClient,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { authorize, createUserAgent } from "../support/user-agent.js";

const JWT_TYPE = "application/token-introspection+jwt";

describe("a JWT access token at the introspection and revocation endpoints", () => {
  let server: TestServer;
  let api: TestClient;
  before(async () => {
    server = await startTestServer();
    await createTestApis(server);
    api = await createMachineClient(server, {}, { resourceServer: API });
  });
  after(() => server.close());

  const introspect = (token: string, client: TestClient, headers = {}) =>
    postForm(`${server.issuer}/token/introspect`, { token }, { client, headers });

  /** Signed in, with a refresh token, and a JWT for the API. */
  async function signIn(metadata = {}) {
    const client = await createTestClient(server, metadata);
    const rp = await connect(server, client);
    const attempt = await rp.begin({ scope: "openid orders:read", resource: API });
    const agent = createUserAgent(server.issuer);
    const callback = await authorize(agent, attempt.url, server);
    const first = await rp.redeem(attempt, callback);
    const { access_token: jwt, refresh_token: refreshToken = "" } = await rp.refresh(
      first.refresh_token ?? "",
      { resource: API, scope: "orders:read" },
    );
    return { client, rp, agent, jwt, refreshToken, opaque: first.access_token };
  }

  for (const library of LIBRARIES) {
    describe(library.name, () => {
      it("tells the API and the client all that the token says (RFC 7662 §2.2, RFC 9068 §2.2)", async () => {
        const { client, jwt } = await signIn();
        const claims = decodeJwt(jwt);
        const { grant_id: grant, sid, ...told } = claims;
        expect([grant, sid]).to.satisfy((ids: unknown[]) =>
          ids.every((id) => typeof id === "string"),
        );
        for (const caller of [client, api]) {
          const answer = await (await library.connect(server, caller)).introspect(jwt);
          // Our own references are nobody else's business.
          expect(answer).to.deep.equal({ ...told, active: true, token_type: "Bearer" });
          expect(answer).to.include({ aud: API, iss: server.issuer, scope: "orders:read" });
          expect(answer).to.have.keys([...Object.keys(told), "active", "token_type"]);
          expect(answer).to.include.keys("sub", "client_id", "exp", "iat", "jti", "auth_time");
        }
      });

      it("tells nobody else anything (§4)", async () => {
        const { jwt } = await signIn();
        const others = [
          await createTestClient(server),
          await createMachineClient(server, {}, { resourceServer: "https://b.example.com" }),
        ];
        for (const other of others) {
          const rp = await library.connect(server, other);
          expect(await rp.introspect(jwt)).to.deep.equal({ active: false });
        }
      });

      it("is revoked with the other tokens of its grant, and the person need not sign in again (RFC 7009 §2.1)", async () => {
        const { client, rp, agent, jwt, refreshToken, opaque } = await signIn();
        await (await library.connect(server, client)).revoke(jwt);
        for (const token of [jwt, refreshToken, opaque]) {
          expect(await rp.introspect(token)).to.deep.equal({ active: false });
        }
        expect(await refusalOf(rp.refresh(refreshToken))).to.include({ error: "invalid_grant" });
        // At once: what is issued from now on is not taken for what was revoked.
        const attempt = await rp.begin({ scope: "openid orders:read", resource: API });
        const callback = (await agent.open(attempt.url)).url;
        const tokens = await rp.redeem(attempt, callback);
        const next = await rp.refresh(tokens.refresh_token ?? "", {
          resource: API,
          scope: "orders:read",
        });
        for (const token of [tokens.access_token, next.access_token]) {
          expect(await rp.introspect(token)).to.include({ active: true });
        }
      });

      it("of a machine is revoked alone", async () => {
        const client = await createMachineClient(server);
        const machine = await library.connect(server, client);
        const [one, other] = [
          await machine.clientCredentials({ resource: API }),
          await machine.clientCredentials({ resource: API }),
        ];
        await machine.revoke(one.access_token);
        expect(await machine.introspect(one.access_token)).to.deep.equal({ active: false });
        expect(await machine.introspect(other.access_token)).to.include({ active: true });
      });

      it("is left alone when somebody else revokes it (RFC 7009 §2.1)", async () => {
        const { rp, jwt } = await signIn();
        const other = await library.connect(server, await createTestClient(server));
        expect(await refusalOf(other.revoke(jwt))).to.include({ error: "invalid_request" });
        const asApi = await library.connect(server, api);
        expect(await refusalOf(asApi.revoke(jwt))).to.include({ error: "invalid_request" });
        expect(await rp.introspect(jwt)).to.include({ active: true });
      });
    });
  }

  it("is found whatever token_type_hint says (RFC 7009 §2.1, RFC 7662 §2.1)", async () => {
    const client = await createMachineClient(server);
    const machine = await connect(server, client);
    for (const hint of ["access_token", "refresh_token", "something else"]) {
      const { access_token: token } = await machine.clientCredentials({ resource: API });
      const fields = { token, token_type_hint: hint };
      const told = await postForm(`${server.issuer}/token/introspect`, fields, { client });
      expect(JSON.parse(told.body)).to.include({ active: true });
      const revoked = await postForm(`${server.issuer}/token/revoke`, fields, { client });
      expect([revoked.status, revoked.body]).to.deep.equal([200, ""]);
      expect(revoked.headers["content-type"]).to.match(/^text\/plain/);
      expect(await machine.introspect(token)).to.deep.equal({ active: false });
    }
  });

  it("is shown as bound to a key (RFC 9449 §6.2)", async () => {
    const client = await createMachineClient(server);
    const url = `${server.issuer}/token`;
    const proof = await signDpopProof(await generateDpopKey(), { method: "POST", url });
    const fields = { grant_type: "client_credentials", resource: API };
    const answer = await postForm(url, fields, { client, headers: { DPoP: proof } });
    const { access_token: token } = JSON.parse(answer.body) as { access_token: string };
    const told = JSON.parse((await introspect(token, client)).body) as Record<string, unknown>;
    expect(told).to.include({ active: true, token_type: "DPoP" });
    expect(told["cnf"]).to.have.property("jkt").that.is.a("string");
  });

  it("is answered as a signed JWT to a client that registered it (RFC 9701 §4, §5)", async () => {
    const { client, jwt } = await signIn({ introspection_signed_response_alg: "ES256" });
    const answer = await introspect(jwt, client, { Accept: JWT_TYPE });
    expect(answer.headers["content-type"]).to.match(/^application\/token-introspection\+jwt/);
    expect(answer.headers["cache-control"]).to.equal("no-store");
    expect(decodeProtectedHeader(answer.body)).to.include({
      alg: "ES256",
      typ: "token-introspection+jwt",
    });
    const told = decodeJwt(answer.body);
    expect(told).to.include({ iss: server.issuer, aud: client.clientId });
    expect(told["token_introspection"]).to.include({ active: true, aud: API });
    expect(told["token_introspection"]).not.to.have.any.keys("grant_id", "sid");

    const dead = await introspect(`${jwt}x`, client, { Accept: JWT_TYPE });
    expect(decodeJwt(dead.body)["token_introspection"]).to.deep.equal({ active: false });
    const plain = await introspect(jwt, client, { Accept: "application/json" });
    expect(JSON.parse(plain.body)).to.include({ active: true });
  });

  it("is nothing to a caller who does not authenticate (RFC 7662 §2.1, RFC 7009 §2.1)", async () => {
    const client = await createMachineClient(server);
    const machine = await connect(server, client);
    const { access_token: token } = await machine.clientCredentials({ resource: API });
    const wrong = { ...client, clientSecret: "wrong" };
    for (const path of ["/token/introspect", "/token/revoke"]) {
      const answer = await postForm(server.issuer + path, { token }, { client: wrong });
      expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([401, "invalid_client"]);
      const anonymous = await postForm(server.issuer + path, { token });
      expect(anonymous.status).to.be.oneOf([400, 401]);
    }
    expect(await machine.introspect(token)).to.include({ active: true });
  });

  it("leaves one audit line for a revocation, and none for a refusal that was none", async () => {
    const { client, rp, jwt } = await signIn();
    const from = server.logs.length;
    await rp.introspect(jwt);
    await rp.revoke(jwt);
    await rp.revoke(jwt);
    const lines = server.logs.slice(from).filter(({ audit }) => audit === true);
    expect(lines.map(({ event }) => event)).to.deep.equal(["token.revoked"]);
    expect(lines[0]).to.include({ outcome: "success", format: "jwt", clientId: client.clientId });
    expect(JSON.stringify(server.logs.slice(from))).not.to.include(jwt);
  });

  it("may be revoked by a page of its client's origin (CORS)", async () => {
    const client = await createTestClient(server, { token_endpoint_auth_method: "none" });
    const rp = await connect(server, client, { authentication: "none" });
    const attempt = await rp.begin({ scope: "orders:read", resource: API });
    const agent = createUserAgent(server.issuer);
    const { access_token: token } = await rp.redeem(
      attempt,
      await authorize(agent, attempt.url, server),
    );
    const revoke = (origin: string) =>
      postForm(
        `${server.issuer}/token/revoke`,
        { token, client_id: client.clientId },
        { headers: { Origin: origin } },
      );
    const foreign = await revoke("https://attacker.example.com");
    expect(foreign.status).to.equal(400);
    expect(foreign.headers["access-control-allow-origin"]).to.equal(undefined);
    const own = await revoke("http://localhost:9999");
    expect([own.status, own.headers["access-control-allow-origin"]]).to.deep.equal([
      200,
      "http://localhost:9999",
    ]);
  });

  it("begins alike for no two grants of one person (OpenID Connect Core §8.1)", async () => {
    const heads = new Set<string>();
    for (let turn = 0; turn < 4; turn++) {
      const { jwt } = await signIn();
      const { grant_id: grant, sid } = decodeJwt(jwt);
      heads.add(String(grant).slice(0, 3)).add(String(sid).slice(0, 3));
    }
    expect(heads.size).to.be.at.least(7);
  });
});
