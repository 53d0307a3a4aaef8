import { expect } from "chai";
import { decodeJwt } from "jose";
import type { ClientScopes, NewResourceServer } from "../../src/clients/resource-server-store.js";
import { refusalOf } from "../support/oauth-error.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createMachineClient, createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type UserAgent } from "../support/user-agent.js";

const OPEN = "https://api.example.com/open";
const LISTED = "https://api.example.com/listed";
const READ = "openid orders:read orders:write";

describe("what clients may ask of an API", () => {
  let server: TestServer;
  let agent: UserAgent;
  before(async () => {
    server = await startTestServer();
    agent = createUserAgent(server.issuer);
    const orders: Omit<NewResourceServer, "identifier"> = {
      name: "Orders",
      scopes: { "orders:read": "Read your orders", "orders:write": "Change your orders" },
      accessTokenFormat: "jwt",
    };
    await server.app.resourceServers.create({ ...orders, identifier: OPEN, open: true });
    await server.app.resourceServers.create({ ...orders, identifier: LISTED });
  });
  after(() => server.close());

  function allow(identifier: string, clientId: string, scopes: ClientScopes) {
    return server.app.resourceServers.update(identifier, ({ clients }) => ({
      clients: { ...clients, [clientId]: scopes },
    }));
  }

  async function createMachine(scopes?: ClientScopes): Promise<RelyingParty> {
    const client = await createMachineClient(server);
    if (scopes !== undefined) await allow(LISTED, client.clientId, scopes);
    return connect(server, client);
  }

  async function createApplication(scopes?: ClientScopes, firstParty = false) {
    const client = await createTestClient(server, {}, { firstParty });
    if (scopes !== undefined) await allow(LISTED, client.clientId, scopes);
    return { clientId: client.clientId, rp: await connect(server, client) };
  }

  async function linesOf(event: string, work: () => Promise<unknown>) {
    const start = server.logs.length;
    await work();
    return server.logs.slice(start).filter((line) => line["event"] === event);
  }

  it("refuses a client that an API does not list like an API that is not there (RFC 8707 §2)", async () => {
    const machine = await createMachine();
    const parameters = { scope: "orders:read" };
    const refused = await refusalOf(machine.clientCredentials({ ...parameters, resource: LISTED }));
    const absent = `${LISTED}/absent`;
    const unknown = await refusalOf(machine.clientCredentials({ ...parameters, resource: absent }));
    expect(refused).to.include({ error: "invalid_target", status: 400 });
    expect(refused).to.deep.equal(unknown);

    const { rp } = await createApplication();
    const { url } = await agent.open((await rp.begin({ resource: LISTED, scope: READ })).url);
    expect(url.searchParams.get("error")).to.equal("invalid_target");
    expect(await machine.clientCredentials({ ...parameters, resource: OPEN })).to.include.keys(
      "access_token",
    );
  });

  it("narrows what a machine asks for to what it may have, and says so to it and in the log (RFC 6749 §3.3)", async () => {
    const machine = await createMachine(["orders:read"]);
    const lines = await linesOf("scope.narrowed", async () => {
      const parameters = { resource: LISTED, scope: "orders:read orders:write root" };
      const { access_token, scope } = await machine.clientCredentials(parameters);
      expect(scope).to.equal("orders:read");
      expect(decodeJwt(access_token)).to.include({ aud: LISTED, scope: "orders:read" });
    });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ audit: true, api: LISTED, dropped: "orders:write root" });
    expect(lines[0]?.["clientId"]).to.be.a("string");
  });

  it("refuses a request of which nothing would be left (RFC 6749 §3.3, §5.2)", async () => {
    const machine = await createMachine(["orders:read"]);
    const refused = machine.clientCredentials({ resource: LISTED, scope: "orders:write" });
    expect(await refusalOf(refused)).to.include({ error: "invalid_scope", status: 400 });
    const { rp } = await createApplication([]);
    const attempt = await rp.begin({ resource: LISTED, scope: "orders:write" });
    const { url } = await agent.open(attempt.url);
    expect(url.searchParams.get("error")).to.equal("invalid_scope");
  });

  it("gives a token without scopes where none are asked for", async () => {
    const machine = await createMachine(["orders:read"]);
    const { access_token, scope } = await machine.clientCredentials({ resource: LISTED });
    expect([decodeJwt(access_token)["scope"], scope]).to.deep.equal([undefined, undefined]);
  });

  it("asks a person for what the client may have, and grants no more", async () => {
    const { rp } = await createApplication(["orders:read"]);
    const parameters = { resource: LISTED, scope: READ };
    const fresh = createUserAgent(server.issuer);
    const lines = await linesOf("scope.narrowed", async () => {
      const { url } = await rp.begin(parameters);
      const fields = { identifier: server.username, password: server.password };
      const page = await fresh.submit(await fresh.open(url), fields, { action: /\/login$/ });
      expect(page.html).to.include("Read your orders").and.not.include("Change your orders");
    });
    expect(lines.map(({ dropped, route }) => [dropped, route])).to.deep.equal([
      ["orders:write", "authorization"],
    ]);
    const { tokens } = await signInWith(server, rp, { agent, parameters });
    const { access_token, scope } = await rp.refresh(tokens.refresh_token ?? "", {
      resource: LISTED,
    });
    expect([scope, decodeJwt(access_token)["scope"]]).to.deep.equal(["orders:read", "orders:read"]);
  });

  it("grants a first-party client no more than it may have", async () => {
    const { rp } = await createApplication(["orders:read"], true);
    const parameters = { resource: LISTED, scope: READ };
    const { tokens } = await signInWith(server, rp, { agent, parameters });
    const { access_token } = await rp.refresh(tokens.refresh_token ?? "", { resource: LISTED });
    expect(decodeJwt(access_token)["scope"]).to.equal("orders:read");
  });

  it("judges at each refresh: what was taken away is gone, from old grants too (RFC 6749 §6)", async () => {
    const { rp, clientId } = await createApplication("all");
    const parameters = { resource: LISTED, scope: READ };
    const { tokens } = await signInWith(server, rp, { agent, parameters });
    await allow(LISTED, clientId, ["orders:read"]);
    const narrowed = await rp.refresh(tokens.refresh_token ?? "", { resource: LISTED });
    expect(decodeJwt(narrowed.access_token)["scope"]).to.equal("orders:read");
    expect(narrowed.scope).to.equal("orders:read");
    await server.app.resourceServers.update(LISTED, () => ({ clients: {} }));
    const refused = rp.refresh(narrowed.refresh_token ?? "", { resource: LISTED });
    expect(await refusalOf(refused)).to.include({ error: "invalid_target" });
  });

  it("gives no more tokens for an API that is deleted, and knows none that were given", async () => {
    const machine = await createMachine();
    const identifier = "https://api.example.com/deleted";
    const api = { identifier, name: "Gone", scopes: {}, open: true };
    await server.app.resourceServers.create({ ...api, accessTokenFormat: "jwt" });
    const { access_token } = await machine.clientCredentials({ resource: identifier });
    // What introspection and every other check at this server asks.
    const { findLiveAccessToken } = server.app;
    expect(await findLiveAccessToken(access_token)).to.not.equal(undefined);
    await server.app.resourceServers.delete(identifier);
    expect(await findLiveAccessToken(access_token)).to.equal(undefined);
    const again = machine.clientCredentials({ resource: identifier });
    expect(await refusalOf(again)).to.include({ error: "invalid_target" });
  });

  it("gives a token for one of several APIs by a refresh that names it, with its scopes alone (RFC 8707 §2.2)", async () => {
    const { rp, clientId } = await createApplication(["orders:read"]);
    await allow(OPEN, clientId, ["orders:write"]);
    const attempt = await rp.begin({ scope: READ });
    for (const resource of [LISTED, OPEN]) attempt.url.searchParams.append("resource", resource);
    await signInWith(server, rp, { agent });
    const lines = await linesOf("scope.narrowed", async () => {
      const callback = await authorize(agent, attempt.url, server);
      const tokens = await rp.redeem(attempt, callback, { resource: LISTED });
      expect(decodeJwt(tokens.access_token)).to.include({ aud: LISTED, scope: "orders:read" });
      const other = await rp.refresh(tokens.refresh_token ?? "", { resource: OPEN });
      expect(decodeJwt(other.access_token)).to.include({ aud: OPEN, scope: "orders:write" });
    });
    expect(lines.length, "what one of the two allows was left out of the other").to.be.above(0);
  });
});
