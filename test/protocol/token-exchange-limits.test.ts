import { expect } from "chai";
import { decodeJwt } from "jose";
import type { TokenExchangePolicy } from "../../src/clients/token-exchange-policy-store.js";
import { generateDpopKey } from "../support/dpop-proof.js";
import { refusalOf } from "../support/oauth-error.js";
import { ACCESS_TOKEN, connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { API, OPAQUE_API, createMachineClient } from "../support/test-client.js";
import {
  OPAQUE_STOCK,
  STOCK,
  createExchangeApis,
  createExchanges,
  type Exchanges,
} from "../support/token-exchange.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize } from "../support/user-agent.js";

const INVALID_REQUEST = { status: 400, error: "invalid_request" };
const INVALID_SCOPE = { status: 400, error: "invalid_scope" };

describe("what an exchanged token may be at most (RFC 8693)", () => {
  let server: TestServer;
  let exchanges: Exchanges;
  let orders: RelyingParty;
  before(async () => {
    server = await startTestServer();
    await createExchangeApis(server);
  });
  after(() => server.close());
  beforeEach(async () => {
    exchanges = await createExchanges(server);
    ({ orders } = exchanges);
  });

  const exchange = (token: string, parameters: Record<string, string> = {}) =>
    orders.exchange({ subject_token: token, resource: STOCK, ...parameters });

  describe("scopes", () => {
    const cases: Record<
      string,
      { policy: Partial<TokenExchangePolicy>; held: string; target?: string; granted: string }
    > = {
      "those of the policy, for another API": {
        policy: { scopes: ["stock:read"] },
        held: "orders:read",
        granted: "stock:read",
      },
      "those that the subject token carries and the API knows, where the policy names none": {
        policy: { scopes: undefined },
        held: "orders:read orders:write",
        granted: "orders:read",
      },
      "none that the policy names and the API does not have any more": {
        policy: { scopes: ["stock:read", "stock:burn"] },
        held: "orders:read",
        granted: "stock:read",
      },
      "never more than the subject token carries, for the API that it is for": {
        policy: { target: OPAQUE_API, scopes: ["orders:read", "orders:write"] },
        held: "orders:read",
        target: OPAQUE_API,
        granted: "orders:read",
      },
      "none at all, where the policy names none": {
        policy: { scopes: [] },
        held: "orders:read",
        granted: "",
      },
    };
    for (const [what, { policy, held, target = STOCK, granted }] of Object.entries(cases)) {
      it(`are ${what}`, async () => {
        await exchanges.allow(policy);
        const { token } = await exchanges.signIn(OPAQUE_API, `openid ${held}`);
        const answer = await exchange(token, { resource: target });
        expect(answer.scope ?? "").to.equal(granted);
        const known = ["orders:read", "orders:write", "stock:read", "stock:move", "stock:burn"];
        for (const scope of known.filter((each) => !granted.split(" ").includes(each))) {
          const refused = exchange(token, {
            resource: target,
            scope: `${granted} ${scope}`.trim(),
          });
          expect(await refusalOf(refused), scope).to.deep.equal(INVALID_SCOPE);
        }
      });
    }

    it("are those that were asked for, when they are fewer", async () => {
      await exchanges.allow();
      const { token } = await exchanges.signIn();
      const answer = await exchange(token, { scope: "stock:move" });
      expect(answer.scope).to.equal("stock:move");
    });
  });

  describe("life", () => {
    it("ends with the subject token, however long the API lets its tokens live", async () => {
      await exchanges.allow();
      await exchanges.allow({ target: OPAQUE_STOCK });
      await server.app.resourceServers.update(OPAQUE_API, () => ({ accessTokenSeconds: 20 }));
      const { token } = await exchanges.signIn();
      await server.app.resourceServers.update(OPAQUE_API, () => ({
        accessTokenSeconds: undefined,
      }));
      const { exp } = await orders.introspect(token);
      const jwt = await exchange(token);
      expect(decodeJwt(jwt.access_token).exp).to.equal(exp);
      expect(jwt.expires_in).to.be.within(15, 20);
      const opaque = await exchange(token, { resource: OPAQUE_STOCK });
      expect((await orders.introspect(opaque.access_token))["exp"]).to.equal(exp);
    });

    it("is that of the API, when it is shorter", async () => {
      await exchanges.allow();
      await server.app.resourceServers.update(STOCK, () => ({ accessTokenSeconds: 30 }));
      const { token } = await exchanges.signIn();
      const { exp = 0, iat = 0 } = decodeJwt((await exchange(token)).access_token);
      await server.app.resourceServers.update(STOCK, () => ({ accessTokenSeconds: undefined }));
      expect(exp - iat).to.equal(30);
    });
  });

  describe("act (§4.1)", () => {
    it("names the client that exchanges, where only delegation is allowed", async () => {
      await exchanges.allow({ kinds: ["delegation"] });
      const { token, subject } = await exchanges.signIn();
      const claims = decodeJwt((await exchange(token)).access_token);
      expect(claims).to.deep.include({ sub: subject, act: { sub: exchanges.service.clientId } });
    });

    it("is not there where the client may impersonate, unless an actor token is given", async () => {
      await exchanges.allow({ kinds: ["impersonation", "delegation"] });
      const { token } = await exchanges.signIn();
      expect(decodeJwt((await exchange(token)).access_token)).to.not.have.property("act");
      const own = await orders.clientCredentials({ resource: OPAQUE_API, scope: "orders:read" });
      const answer = await exchange(token, {
        actor_token: own.access_token,
        actor_token_type: ACCESS_TOKEN,
      });
      expect(decodeJwt(answer.access_token)).to.deep.include({
        act: { sub: exchanges.service.clientId },
      });
    });

    it("refuses an actor token where only impersonation is allowed", async () => {
      await exchanges.allow({ kinds: ["impersonation"] });
      const { token } = await exchanges.signIn();
      const own = await orders.clientCredentials({ resource: OPAQUE_API, scope: "orders:read" });
      const actor = { actor_token: own.access_token, actor_token_type: ACCESS_TOKEN };
      expect(await refusalOf(exchange(token, actor))).to.deep.equal(INVALID_REQUEST);
    });

    it("refuses an actor token of somebody else, and a dead one", async () => {
      await exchanges.allow({ kinds: ["delegation"] });
      const { token } = await exchanges.signIn();
      const other = await connect(server, await createMachineClient(server));
      const foreign = await other.clientCredentials({ resource: OPAQUE_STOCK });
      const dead = await orders.clientCredentials({ resource: OPAQUE_API });
      await orders.revoke(dead.access_token);
      for (const { access_token } of [foreign, dead]) {
        const actor = { actor_token: access_token, actor_token_type: ACCESS_TOKEN };
        expect(await refusalOf(exchange(token, actor))).to.deep.equal(INVALID_REQUEST);
      }
    });

    it("keeps those who acted before inside, and those who may not act get no token", async () => {
      await exchanges.allow({ kinds: ["delegation"], target: OPAQUE_STOCK });
      const stock = await createMachineClient(server, {}, { resourceServer: OPAQUE_STOCK });
      await exchanges.allow({ clientId: stock.clientId, target: STOCK, kinds: ["delegation"] });
      const { token, subject } = await exchanges.signIn();
      const first = await exchange(token, { resource: OPAQUE_STOCK });
      const second = await (
        await connect(server, stock)
      ).exchange({ subject_token: first.access_token, resource: STOCK });
      expect(decodeJwt(second.access_token)).to.deep.include({
        sub: subject,
        act: { sub: stock.clientId, act: { sub: exchanges.service.clientId } },
      });
    });

    it("keeps those who acted before when somebody impersonates", async () => {
      await exchanges.allow({ kinds: ["delegation"], target: OPAQUE_STOCK });
      const stock = await createMachineClient(server, {}, { resourceServer: OPAQUE_STOCK });
      await exchanges.allow({ clientId: stock.clientId, target: STOCK, kinds: ["impersonation"] });
      const { token } = await exchanges.signIn();
      const first = await exchange(token, { resource: OPAQUE_STOCK });
      const second = await (
        await connect(server, stock)
      ).exchange({ subject_token: first.access_token, resource: STOCK });
      expect(decodeJwt(second.access_token)).to.deep.include({
        act: { sub: exchanges.service.clientId },
      });
    });

    it("ends a chain after four exchanges", async () => {
      await exchanges.allow({ target: OPAQUE_STOCK });
      const { token } = await exchanges.signIn();
      let last = token;
      for (let exchanged = 0; exchanged < 4; exchanged++) {
        last = (await exchange(last, { resource: OPAQUE_STOCK })).access_token;
      }
      const fifth = exchange(last, { resource: OPAQUE_STOCK });
      expect(await refusalOf(fifth)).to.deep.equal(INVALID_REQUEST);
      expect(await orders.introspect(last)).to.include({ active: true });
    });
  });

  describe("the key that it is bound to (RFC 9449)", () => {
    it("is that of the proof that comes with the exchange", async () => {
      await exchanges.allow();
      const { token } = await exchanges.signIn();
      const bound = await connect(server, exchanges.service, { dpop: await generateDpopKey() });
      const answer = await bound.exchange({ subject_token: token, resource: STOCK });
      expect(answer.token_type).to.match(/^dpop$/i);
      expect(decodeJwt(answer.access_token)["cnf"]).to.have.property("jkt");
    });

    it("must be shown to hold by the client whose own the subject token is, not by an API that it was sent to", async () => {
      const { application, agent } = exchanges;
      await exchanges.allow();
      await exchanges.allow({ clientId: application.clientId });
      const dpop = await generateDpopKey();
      const shop = await connect(server, application, { dpop });
      const attempt = await shop.begin({ resource: OPAQUE_API, scope: "openid orders:read" });
      const callback = await authorize(agent, attempt.url, server);
      const { access_token: token } = await shop.redeem(attempt, callback, {
        resource: OPAQUE_API,
      });
      const parameters = { subject_token: token, resource: STOCK };

      const without = await connect(server, application);
      expect(await refusalOf(without.exchange(parameters))).to.deep.equal(INVALID_REQUEST);
      const other = await connect(server, application, { dpop: await generateDpopKey() });
      expect(await refusalOf(other.exchange(parameters))).to.deep.equal(INVALID_REQUEST);
      const answer = await shop.exchange(parameters);
      expect(decodeJwt(answer.access_token)["cnf"]).to.have.property("jkt");
      expect((await orders.exchange(parameters)).token_type).to.match(/^bearer$/i);
    });
  });

  it("refuses JWTs of an API that has none (§2.1)", async () => {
    await exchanges.allow({ target: OPAQUE_STOCK });
    const { token } = await exchanges.signIn();
    const requested_token_type = "urn:ietf:params:oauth:token-type:jwt";
    const refused = exchange(token, { resource: OPAQUE_STOCK, requested_token_type });
    expect(await refusalOf(refused)).to.deep.equal(INVALID_REQUEST);
    await exchanges.allow();
    const answer = await exchange(token, { requested_token_type });
    expect(answer.issued_token_type).to.equal(requested_token_type);
  });

  it("says who exchanged whose token for what in its audit line", async () => {
    await exchanges.allow({ kinds: ["delegation"] });
    const { token, subject } = await exchanges.signIn();
    const start = server.logs.length;
    await exchange(token, { scope: "stock:read" });
    await refusalOf(exchange(token, { resource: API }));
    const lines = server.logs.slice(start).filter((line) => line["audit"] === true);
    const parties = {
      clientId: exchanges.service.clientId,
      subjectClientId: exchanges.application.clientId,
      accountId: subject,
      subject,
    };
    expect(lines.find(({ event }) => event === "token.exchanged")).to.deep.include({
      ...parties,
      outcome: "success",
      source: OPAQUE_API,
      target: STOCK,
      scope: "stock:read",
      act: { sub: exchanges.service.clientId },
    });
    expect(lines.find(({ event }) => event === "token.refused")).to.include({
      ...parties,
      outcome: "failure",
      target: API,
    });
    expect(JSON.stringify(lines)).to.not.include(token);
  });
});
