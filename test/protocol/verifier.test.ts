import { expect } from "chai";
import { decodeProtectedHeader } from "jose";
import { createAccessTokenVerifier, type RevocationOptions } from "../../src/verify/index.js";
import { createTestKey } from "../support/test-key.js";
import {
  API,
  OPAQUE_API,
  createMachineClient,
  createTestApis,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

describe("latchkey/verify beside this server", () => {
  let server: TestServer;
  let client: TestClient;
  let aheadSeconds: number;
  before(async () => {
    server = await startTestServer();
    await createTestApis(server);
    client = await createMachineClient(server);
  });
  beforeEach(() => {
    aheadSeconds = 0;
  });
  after(() => server.close());

  const clock = { nowMs: () => Date.now() + aheadSeconds * 1000 };
  const createVerifier = (revocation: RevocationOptions = "none", audience = API) =>
    createAccessTokenVerifier({ issuer: server.issuer, audience, revocation, clock });

  async function askForToken(resource = API): Promise<string> {
    const fields = { grant_type: "client_credentials", scope: "orders:read", resource };
    const answer = await postForm(`${server.issuer}/token`, fields, { client });
    expect(answer.status, answer.body).to.equal(200);
    return (JSON.parse(answer.body) as { access_token: string }).access_token;
  }
  const revoke = (token: string) =>
    postForm(`${server.issuer}/token/revoke`, { token }, { client });

  for (const algorithm of ["ES256", "RS256"] as const) {
    it(`verifies ${algorithm} from the issuer's name alone (RFC 8414, RFC 9068 §4)`, async () => {
      await server.app.resourceServers.update(API, () => ({ accessTokenAlgorithm: algorithm }));
      const token = await askForToken();
      expect(decodeProtectedHeader(token).alg).to.equal(algorithm);
      const verified = await createVerifier().verify(token, { scopes: ["orders:read"] });
      expect(verified).to.include({ clientId: client.clientId, format: "jwt" });
    });
  }

  it("follows the keys, warm and cold: one that was dropped verifies nothing", async () => {
    await server.app.resourceServers.update(API, () => ({ accessTokenAlgorithm: "ES256" }));
    const warm = createVerifier();
    const old = await askForToken();
    await warm.verify(old);
    const { kid } = decodeProtectedHeader(old);
    await server.app.keyRotation.drop(String(kid));
    const token = await askForToken();
    expect(decodeProtectedHeader(token).kid).to.not.equal(kid);
    // The warm one looks again, at most once in 5 s.
    aheadSeconds = 6;
    await warm.verify(token);
    for (const verifier of [warm, createVerifier()]) {
      await verifier.verify(token);
      const refusal = await verifier.verify(old).catch((err: unknown) => err);
      expect(refusal).to.include({ problem: "unknown_key" });
    }
  });

  for (const method of ["client_secret_basic", "private_key_jwt"]) {
    it(`asks at the introspection endpoint, by ${method}: revoked is refused at once (RFC 7662)`, async () => {
      const key = await createTestKey("api-key");
      const metadata = method === "private_key_jwt" ? { jwks: key.jwks } : {};
      const api = await createMachineClient(
        server,
        { token_endpoint_auth_method: method, ...metadata },
        { resourceServer: API },
      );
      const credentials =
        method === "private_key_jwt"
          ? { privateKey: { key: key.key, algorithm: "ES256", kid: key.kid } }
          : { clientSecret: api.clientSecret ?? "" };
      const verifier = createVerifier({
        introspection: {
          clientId: api.clientId,
          ...credentials,
          failure: "closed",
          cacheSeconds: 0,
        },
      });
      const token = await askForToken();
      expect(await verifier.verify(token)).to.include({ clientId: client.clientId });
      await revoke(token);
      const refusal = await verifier.verify(token).catch((err: unknown) => err);
      expect(refusal).to.include({ problem: "inactive", status: 401 });
    });
  }

  it("takes opaque tokens by introspection alone", async () => {
    const api = await createMachineClient(server, {}, { resourceServer: OPAQUE_API });
    const { clientId, clientSecret = "" } = api;
    const means = { clientId, clientSecret, failure: "closed", opaqueTokens: true } as const;
    const introspection = { ...means, cacheSeconds: 0 };
    const verifier = createVerifier({ introspection }, OPAQUE_API);
    const token = await askForToken(OPAQUE_API);
    const verified = await verifier.verify(token);
    expect(verified).to.include({ format: "opaque", clientId: client.clientId });
    await revoke(token);
    const refusal = await verifier.verify(token).catch((err: unknown) => err);
    expect(refusal).to.include({ problem: "inactive" });
  });

  it("learns of revocations by the status list, within its ttl (draft-ietf-oauth-status-list-21)", async () => {
    await server.app.resourceServers.update(API, () => ({ statusList: true }));
    const verifier = createVerifier({ statusList: { failure: "closed" } });
    const [token, other] = [await askForToken(), await askForToken()];
    for (const each of [token, other])
      expect((await verifier.verify(each)).claims).to.have.property("status");
    await revoke(token);
    // Until then the list of before counts.
    await verifier.verify(token);
    aheadSeconds = server.config.statusListTtlSeconds + 1;
    const refusal = await verifier.verify(token).catch((err: unknown) => err);
    expect(refusal).to.include({ problem: "revoked", status: 401 });
    await verifier.verify(other);
  });

  it("lets a dropped key die with the status list's time, too", async () => {
    const verifier = createVerifier({ statusList: { failure: "closed" } });
    const token = await askForToken();
    await verifier.verify(token);
    await server.app.keyRotation.drop(String(decodeProtectedHeader(token).kid));
    aheadSeconds = server.config.statusListTtlSeconds + 1;
    const refusal = await verifier.verify(token).catch((err: unknown) => err);
    expect(refusal).to.include({ problem: "unknown_key", status: 401 });
    await verifier.verify(await askForToken());
  });

  it("says that it cannot know (503) with wrong credentials, and never accepts then", async () => {
    const introspection = {
      clientId: client.clientId,
      clientSecret: "wrong",
      failure: "closed",
      cacheSeconds: 0,
    } as const;
    const verifier = createVerifier({ introspection });
    const refusal = await verifier.verify(await askForToken()).catch((err: unknown) => err);
    expect(refusal).to.include({ problem: "introspection_unavailable", status: 503 });
  });
});
