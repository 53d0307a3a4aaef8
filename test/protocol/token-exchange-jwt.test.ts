import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { SignJWT, decodeJwt, exportSPKI, importJWK, type JWTPayload } from "jose";
import { refusalOf } from "../support/oauth-error.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { API, createMachineClient } from "../support/test-client.js";
import {
  STOCK,
  createExchangeApis,
  createExchanges,
  type Exchanges,
} from "../support/token-exchange.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { generateDpopKey } from "../support/dpop-proof.js";
import { authorize } from "../support/user-agent.js";

const INVALID_REQUEST = { status: 400, error: "invalid_request" };
const JWT = "urn:ietf:params:oauth:token-type:jwt";

describe("token exchange of JWT access tokens (RFC 8693, RFC 9068)", () => {
  let server: TestServer;
  let exchanges: Exchanges;
  let orders: RelyingParty;
  before(async () => {
    server = await startTestServer();
    await createExchangeApis(server);
  });
  after(() => server.close());
  beforeEach(async () => {
    exchanges = await createExchanges(server, API);
    ({ orders } = exchanges);
    await exchanges.allow({ source: API, kinds: ["delegation"] });
  });

  const exchange = (token: string, parameters: Record<string, string> = {}) =>
    orders.exchange({ subject_token: token, resource: STOCK, ...parameters });

  it("takes them as access tokens and as JWTs (§3)", async () => {
    const { token, subject } = await exchanges.signIn();
    for (const parameters of [{}, { subject_token_type: JWT, requested_token_type: JWT }]) {
      const { access_token } = await exchange(token, parameters);
      const { exp = 0, ...claims } = decodeJwt(access_token);
      expect(claims).to.deep.include({
        sub: subject,
        aud: STOCK,
        client_id: exchanges.service.clientId,
        act: { sub: exchanges.service.clientId },
        scope: "stock:read stock:move",
      });
      expect(claims).to.not.have.any.keys("grant_id", "sid");
      expect(exp).to.equal(decodeJwt(token).exp);
    }
  });

  it("says nothing readable of the tokens that it came from", async () => {
    const { token } = await exchanges.signIn();
    const { access_token } = await exchange(token);
    const payload = JSON.stringify(decodeJwt(access_token));
    const { jti = "" } = decodeJwt(token);
    for (const secret of [jti, exchanges.application.clientId]) {
      expect(payload).to.not.include(secret);
    }
  });

  it("is shown by introspection with who acts, to its client and its API", async () => {
    const { token, subject } = await exchanges.signIn();
    const { access_token } = await exchange(token);
    const policy = { resourceServer: STOCK };
    const stock = await connect(server, await createMachineClient(server, {}, policy));
    for (const rp of [orders, stock]) {
      const shown = await rp.introspect(access_token);
      expect(shown).to.deep.include({
        active: true,
        sub: subject,
        aud: STOCK,
        client_id: exchanges.service.clientId,
        act: { sub: exchanges.service.clientId },
      });
      expect(shown).to.not.have.property("ancestors");
    }
    expect(await exchanges.shop.introspect(access_token)).to.deep.equal({ active: false });
  });

  it("keeps whose token it is when a client's own is exchanged", async () => {
    const machine = await createMachineClient(server);
    const { access_token: token } = await (
      await connect(server, machine)
    ).clientCredentials({ resource: API, scope: "orders:read" });
    const { access_token } = await exchange(token);
    expect(decodeJwt(access_token)).to.include({ sub: machine.clientId });
    expect(await orders.introspect(access_token)).to.include({ active: true });
  });

  it("wants the proof of the key from the client whose own the token is (RFC 9449 §5)", async () => {
    const { application } = exchanges;
    await exchanges.allow({ clientId: application.clientId });
    const bound = await connect(server, application, { dpop: await generateDpopKey() });
    const token = await signInAt(bound, API);
    const parameters = { subject_token: token, resource: STOCK };
    expect(await refusalOf(exchanges.shop.exchange(parameters))).to.deep.equal(INVALID_REQUEST);
    expect((await bound.exchange(parameters)).token_type).to.match(/^dpop$/i);
    expect((await orders.exchange(parameters)).token_type).to.match(/^bearer$/i);
  });

  async function signInAt(rp: RelyingParty, resource: string): Promise<string> {
    const attempt = await rp.begin({ resource, scope: "openid orders:read" });
    const callback = await authorize(exchanges.agent, attempt.url, server);
    return (await rp.redeem(attempt, callback, { resource })).access_token;
  }

  describe("refuses (§2.2.2)", () => {
    async function expectRefused(token: string): Promise<void> {
      expect(await refusalOf(exchange(token)), token).to.deep.equal(INVALID_REQUEST);
      const typed = exchange(token, { subject_token_type: JWT });
      expect(await refusalOf(typed), token).to.deep.equal(INVALID_REQUEST);
    }

    it("one that was changed, cut, or signed in another way", async () => {
      const { token } = await exchanges.signIn();
      const [header = "", payload = "", signature = ""] = token.split(".");
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const claims = decodeJwt(token);
      const { keys } = (await (await fetch(`${server.issuer}/jwks`)).json()) as {
        keys: (JsonWebKey & { alg: string; kid: string })[];
      };
      const publicKey = keys.find(({ alg }) => alg === "ES256");
      const pem = await exportSPKI((await importJWK({ ...publicKey }, "ES256")) as CryptoKey);
      const kid = publicKey?.kid ?? "";
      const hmac = await sign(claims, { alg: "HS256", typ: "at+jwt", kid }, Buffer.from(pem));
      const { privateKey } = await generateDpopKey();
      const stranger = await sign(claims, { alg: "ES256", typ: "at+jwt", kid }, privateKey);
      for (const forged of [
        `${header}.${encode({ ...claims, scope: "orders:write" })}.${signature}`,
        `${encode({ alg: "none", typ: "at+jwt" })}.${payload}.`,
        `${header}.${payload}.${signature.slice(0, -4)}`,
        `${header}.${payload}`,
        `${token}.`,
        `${token}=`,
        ` ${token}`,
        "..",
        hmac,
        stranger,
      ]) {
        await expectRefused(forged);
      }
      await exchange(token);
    });

    it("an ID token, for which its client signed nobody in at an API", async () => {
      const { agent, shop } = exchanges;
      const attempt = await shop.begin({});
      const callback = await authorize(agent, attempt.url, server);
      const { id_token = "" } = await shop.redeem(attempt, callback);
      await expectRefused(id_token);
    });

    it("one that has expired", async function () {
      this.timeout(10_000);
      await server.app.resourceServers.update(API, () => ({ accessTokenSeconds: 1 }));
      const { token } = await exchanges.signIn();
      await server.app.resourceServers.update(API, () => ({ accessTokenSeconds: undefined }));
      await delay(2100);
      await expectRefused(token);
    });

    it("one for an API that is none any more", async () => {
      const identifier = "https://gone.example.com";
      await server.app.resourceServers.create({
        identifier,
        name: "Gone",
        scopes: { "orders:read": "Read your orders" },
        accessTokenFormat: "jwt",
        open: true,
      });
      const { application, shop } = exchanges;
      await exchanges.allow({ clientId: application.clientId });
      const parameters = { subject_token: await signInAt(shop, identifier), resource: STOCK };
      await shop.exchange(parameters);
      await server.app.resourceServers.delete(identifier);
      expect(await refusalOf(shop.exchange(parameters))).to.deep.equal(INVALID_REQUEST);
    });
  });
});

function sign(
  claims: JWTPayload,
  header: { alg: string; typ: string; kid: string },
  key: CryptoKey | Buffer,
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}
