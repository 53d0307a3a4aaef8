import { createHmac, randomUUID } from "node:crypto";
import { expect } from "chai";
import { SignJWT, type JWTPayload } from "jose";
import { oauthErrorOf, type RawAnswer } from "../support/raw-request.js";
import { createTestKey, type TestKey } from "../support/test-key.js";
import { createMachineClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

describe("client assertions (private_key_jwt, RFC 7523; AC-28)", () => {
  let server: TestServer;
  let key: TestKey;
  let client: TestClient;
  before(async () => {
    server = await startTestServer();
    key = await createTestKey();
    client = await createMachineClient(server, {
      token_endpoint_auth_method: "private_key_jwt",
      jwks: key.jwks,
    });
  });
  after(() => server.close());

  const now = () => Math.floor(Date.now() / 1000);

  const payload = (): JWTPayload => ({
    iss: client.clientId,
    sub: client.clientId,
    aud: server.issuer,
    jti: randomUUID(),
    iat: now(),
    exp: now() + 60,
  });

  const sign = (claims: JWTPayload, signer: TestKey = key) =>
    new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: signer.kid }).sign(signer.key);

  const send = (assertion: string, more: Record<string, string> = {}): Promise<RawAnswer> =>
    postForm(`${server.issuer}/token`, {
      grant_type: "client_credentials",
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: assertion,
      ...more,
    });

  async function expectRefused(assertion: string, what = assertion): Promise<void> {
    const answer = await send(assertion);
    expect(answer.status, `${what}: ${answer.body}`).to.be.oneOf([400, 401]);
    expect(oauthErrorOf(answer)).to.be.oneOf(["invalid_client", "invalid_request"]);
  }

  it("authenticate a client that signs its own", async () => {
    expect((await send(await sign(payload()))).status).to.equal(200);
  });

  it("are taken once (RFC 7523 §3)", async () => {
    const assertion = await sign(payload());
    expect((await send(assertion)).status).to.equal(200);
    const again = await send(assertion);
    expect([again.status, oauthErrorOf(again)]).to.deep.equal([401, "invalid_client"]);
    const sameJti = await sign({ ...payload(), jti: "the-same" });
    expect((await send(sameJti)).status).to.equal(200);
    await expectRefused(await sign({ ...payload(), jti: "the-same", exp: now() + 50 }));
  });

  it("name the issuer as their audience, as one string (draft-ietf-oauth-rfc7523bis §4)", async () => {
    const audiences = [
      [server.issuer],
      [server.issuer, "https://another.example"],
      `${server.issuer}/token`,
      `${server.issuer}/`,
      "https://another.example",
      "",
    ];
    for (const aud of audiences) {
      await expectRefused(await sign({ ...payload(), aud }), JSON.stringify(aud));
    }
  });

  it("expire within five minutes, and are neither old nor of the future", async () => {
    const times = [
      { exp: now() - 60 },
      { exp: now() + 3600 },
      { exp: now() + 60, nbf: now() + 60 },
      { exp: now() + 60, iat: now() + 600 },
    ];
    for (const time of times) {
      await expectRefused(await sign({ ...payload(), ...time }), JSON.stringify(time));
    }
  });

  it("may be made by a clock that is a little ahead (FAPI 2.0 §5.3.2.1)", async () => {
    expect((await send(await sign({ ...payload(), iat: now() + 8 }))).status).to.equal(200);
  });

  it("need every claim that makes them safe", async () => {
    for (const claim of ["iss", "sub", "aud", "jti", "exp"]) {
      const { [claim]: _left, ...rest } = payload();
      await expectRefused(await sign(rest), claim);
    }
  });

  it("are of the client that they are for", async () => {
    const other = await createMachineClient(server, {
      token_endpoint_auth_method: "private_key_jwt",
      jwks: (await createTestKey("other-key")).jwks,
    });
    await expectRefused(await sign({ ...payload(), iss: other.clientId, sub: other.clientId }));
    await expectRefused(await sign({ ...payload(), sub: other.clientId }));
    await expectRefused(await sign({ ...payload(), iss: "somebody" }));
    const mismatch = await send(await sign(payload()), { client_id: other.clientId });
    expect([mismatch.status, oauthErrorOf(mismatch)]).to.deep.equal([400, "invalid_request"]);
  });

  it("are signed by the client's registered key", async () => {
    await expectRefused(await sign(payload(), await createTestKey()), "the kid of another key");
    const [header, body] = (await sign(payload())).split(".");
    await expectRefused(`${header}.${body}.`, "no signature");
    await expectRefused(`${header}.${body}.${"A".repeat(86)}`, "another signature");
  });

  it("are signed with an algorithm that we allow: not none, and not HMAC with the public key (AC-29)", async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    await expectRefused(`${encode({ alg: "none" })}.${encode(payload())}.`, "none");
    await expectRefused(`${encode({ alg: "NoNe", kid: key.kid })}.${encode(payload())}.`, "NoNe");
    for (const secret of [JSON.stringify(key.publicJwk), JSON.stringify(key.jwks), ""]) {
      const signed = `${encode({ alg: "HS256", kid: key.kid })}.${encode(payload())}`;
      const mac = createHmac("sha256", secret).update(signed).digest("base64url");
      await expectRefused(`${signed}.${mac}`, "HS256");
    }
  });

  it("are not any other JWT, and no garbage (RFC 8725 §3.11)", async () => {
    for (const garbage of ["", "x", "a.b.c", "e30.e30.", "..", "x".repeat(40_000)]) {
      const answer = await send(garbage);
      expect([garbage.slice(0, 20), answer.status]).to.be.deep.oneOf([
        [garbage.slice(0, 20), 400],
        [garbage.slice(0, 20), 401],
      ]);
    }
  });

  it("authenticate at every endpoint for clients", async () => {
    const fields = async () => ({
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await sign(payload()),
      token: "unknown",
    });
    for (const path of ["/token/revoke", "/token/introspect"]) {
      const answer = await postForm(server.issuer + path, await fields());
      expect([path, answer.status]).to.deep.equal([path, 200]);
    }
  });
});
