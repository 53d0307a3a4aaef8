import { expect } from "chai";
import { calculateJwkThumbprint, decodeJwt, exportJWK } from "jose";
import { generateDpopKey, signDpopProof } from "../support/dpop-proof.js";
import { refusalOf } from "../support/oauth-error.js";
import { oauthErrorOf, rawRequest } from "../support/raw-request.js";
import { LIBRARIES, connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  API,
  createMachineClient,
  createTestApis,
  createTestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

describe("sender-constrained tokens (DPoP, RFC 9449)", () => {
  let server: TestServer;
  /** Signed in once; each client of a test gets its own grant. */
  let agent: UserAgent;
  let keyPair: CryptoKeyPair;
  before(async () => {
    server = await startTestServer();
    agent = createUserAgent(server.issuer);
    await createTestApis(server);
    keyPair = await generateDpopKey();
  });
  after(() => server.close());

  for (const library of LIBRARIES) {
    it(`binds the tokens of the code flow and answers at userinfo (§5, §7, ${library.name})`, async () => {
      const rp = await library.connect(server, await createTestClient(server), { dpop: keyPair });
      const { tokens, subject } = await signInWith(server, rp, { agent });
      expect(tokens.token_type.toLowerCase()).to.equal("dpop");
      expect(await rp.userinfo(tokens.access_token, subject)).to.include({ sub: subject });
      expect(await rp.introspect(tokens.access_token)).to.deep.include({
        token_type: "DPoP",
        cnf: { jkt: await thumbprint(keyPair) },
      });
    });

    it(`binds the refresh tokens of a public client to its key (§5, ${library.name})`, async () => {
      const client = await createTestClient(server, { token_endpoint_auth_method: "none" });
      const rp = await library.connect(server, client, { dpop: keyPair });
      const { tokens } = await signInWith(server, rp, { agent });
      const thief = await library.connect(server, client, { dpop: await generateDpopKey() });
      const refusal = await refusalOf(thief.refresh(tokens.refresh_token ?? ""));
      expect(refusal).to.include({ error: "invalid_grant" });
      expect(await rp.refresh(tokens.refresh_token ?? "")).to.include.keys("access_token");
    });

    it(`binds the code to the key when dpop_jkt is pushed (§10.1, ${library.name})`, async () => {
      const client = await createTestClient(server);
      const rp = await library.connect(server, client, { dpop: keyPair });
      const { tokens } = await signInWith(server, rp, { agent, pushed: true });
      expect(tokens.token_type.toLowerCase()).to.equal("dpop");
    });
  }

  it("refuses a bound token sent as Bearer (§7.2)", async () => {
    const { access_token } = await boundTokens();
    const answer = await rawRequest(`${server.issuer}/me`, {
      headers: { Authorization: `Bearer ${access_token}` },
    });
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([401, "invalid_token"]);
  });

  it("refuses a bound token with the proof of another key (§7.1)", async () => {
    const { access_token } = await boundTokens();
    const answer = await userinfo(access_token, await generateDpopKey());
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([401, "invalid_token"]);
  });

  it("refuses a token that is not bound when a proof comes with it", async () => {
    const { tokens } = await signInWith(
      server,
      await connect(server, await createTestClient(server)),
    );
    expect((await userinfo(tokens.access_token, keyPair)).status).to.equal(401);
  });

  it("takes a proof once (§11.1)", async () => {
    const { access_token } = await boundTokens();
    const jti = "one-and-the-same";
    expect((await userinfo(access_token, keyPair, { jti })).status).to.equal(200);
    const again = await userinfo(access_token, keyPair, { jti });
    expect([again.status, oauthErrorOf(again)]).to.deep.equal([401, "invalid_token"]);
  });

  it("takes a proof for the token endpoint once", async () => {
    const client = await createMachineClient(server);
    const url = `${server.issuer}/token`;
    const proof = await signDpopProof(keyPair, { method: "POST", url });
    const send = () =>
      postForm(url, { grant_type: "client_credentials" }, { client, headers: { DPoP: proof } });
    expect((await send()).status).to.equal(200);
    const again = await send();
    expect([again.status, oauthErrorOf(again)]).to.deep.equal([400, "invalid_grant"]);
  });

  it("refuses proofs for another method, address, token or time (§4.3)", async () => {
    const { access_token } = await boundTokens();
    const wrong = [
      { method: "POST" },
      { url: `${server.issuer}/token` },
      { url: "https://evil.example/me" },
      { accessToken: "another" },
      { issuedInSeconds: -3600 },
      { issuedInSeconds: 3600 },
    ];
    for (const difference of wrong) {
      const answer = await userinfo(access_token, keyPair, difference);
      expect(answer.status, JSON.stringify(difference)).to.equal(401);
      expect(answer.headers["www-authenticate"], JSON.stringify(difference)).to.match(/DPoP /);
    }
  });

  it("refuses garbage in the DPoP header with an OAuth error", async () => {
    const client = await createMachineClient(server);
    for (const garbage of ["x", "a.b.c", "{}", "eyJhbGciOiJub25lIn0.e30."]) {
      const answer = await postForm(
        `${server.issuer}/token`,
        { grant_type: "client_credentials" },
        { client, headers: { DPoP: garbage } },
      );
      expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_dpop_proof"]);
    }
  });

  it("demands a proof of a client that registered dpop_bound_access_tokens (§5.2)", async () => {
    const client = await createMachineClient(server, { dpop_bound_access_tokens: true });
    const plain = await connect(server, client);
    expect(await refusalOf(plain.clientCredentials())).to.include({ error: "invalid_grant" });
    const bound = await connect(server, client, { dpop: keyPair });
    expect((await bound.clientCredentials()).token_type.toLowerCase()).to.equal("dpop");
  });

  it("puts the key into JWT access tokens (§6.1)", async () => {
    const machine = await connect(server, await createMachineClient(server), { dpop: keyPair });
    const parameters = { resource: API, scope: "orders:read" };
    const { access_token } = await machine.clientCredentials(parameters);
    expect(decodeJwt(access_token)["cnf"]).to.deep.equal({ jkt: await thumbprint(keyPair) });
  });

  it("rotates no refresh token of a confidential client that always uses DPoP (FAPI 2.0 §5.3.2.1)", async () => {
    const client = await createTestClient(server, { dpop_bound_access_tokens: true });
    const rp = await connect(server, client, { dpop: keyPair });
    const { tokens } = await signInWith(server, rp, { agent });
    const next = await rp.refresh(tokens.refresh_token ?? "");
    expect(next.refresh_token).to.equal(tokens.refresh_token);
    expect(await rp.refresh(tokens.refresh_token ?? "")).to.have.property("access_token");
  });

  it("rotates the refresh token of a public client that always uses DPoP", async () => {
    const client = await createTestClient(server, {
      dpop_bound_access_tokens: true,
      token_endpoint_auth_method: "none",
    });
    const rp = await connect(server, client, { dpop: keyPair });
    const { tokens } = await signInWith(server, rp, { agent });
    const next = await rp.refresh(tokens.refresh_token ?? "");
    expect(next.refresh_token).to.be.a("string").and.not.equal(tokens.refresh_token);
  });

  async function boundTokens() {
    const rp = await connect(server, await createTestClient(server), { dpop: keyPair });
    return (await signInWith(server, rp, { agent })).tokens;
  }

  async function userinfo(
    accessToken: string,
    key: CryptoKeyPair,
    difference: Partial<Parameters<typeof signDpopProof>[1]> = {},
  ) {
    const proof = { method: "GET", url: `${server.issuer}/me`, accessToken, ...difference };
    return rawRequest(`${server.issuer}/me`, {
      headers: { Authorization: `DPoP ${accessToken}`, DPoP: await signDpopProof(key, proof) },
    });
  }
});

async function thumbprint({ publicKey }: CryptoKeyPair): Promise<string> {
  return calculateJwkThumbprint(await exportJWK(publicKey));
}
