import { expect } from "chai";
import { decodeJwt } from "jose";
import { refusalOf } from "../support/oauth-error.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  API,
  OPAQUE_API,
  createMachineClient,
  createTestApis,
  createTestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type UserAgent } from "../support/user-agent.js";

/** Decision 0012. */
describe("the default API, for requests without resource (RFC 8707 §2)", () => {
  let server: TestServer;
  let agent: UserAgent;
  before(async () => {
    server = await startTestServer();
    agent = createUserAgent(server.issuer);
    await createTestApis(server);
    await server.app.resourceServers.update(API, () => ({ default: true }));
  });
  after(() => server.close());

  const application = async () => connect(server, await createTestClient(server));
  const machine = async () => connect(server, await createMachineClient(server));

  it("is whom a machine's token is for", async () => {
    const { access_token, scope } = await (
      await machine()
    ).clientCredentials({
      scope: "orders:read",
    });
    expect(decodeJwt(access_token)).to.include({ aud: API, scope: "orders:read" });
    expect(scope).to.equal("orders:read");
  });

  it("gives way to the API that is named", async () => {
    const rp = await machine();
    const { access_token } = await rp.clientCredentials({ resource: OPAQUE_API });
    expect(await rp.introspect(access_token)).to.include({ aud: OPAQUE_API });
  });

  it("is not meant by a client that may not use it", async () => {
    await server.app.resourceServers.update(API, () => ({ open: false }));
    try {
      const rp = await machine();
      const { access_token } = await rp.clientCredentials();
      expect(await rp.introspect(access_token))
        .to.include({ active: true })
        .and.not.have.key("aud");
      const named = rp.clientCredentials({ resource: API });
      expect(await refusalOf(named)).to.include({ error: "invalid_target" });
    } finally {
      await server.app.resourceServers.update(API, () => ({ open: true }));
    }
  });

  it("gives an application without openid a JWT by the code flow and by refresh", async () => {
    const rp = await application();
    const { tokens } = await signInWith(server, rp, {
      agent,
      parameters: { scope: "orders:read orders:write" },
    });
    expect(decodeJwt(tokens.access_token)).to.include({
      aud: API,
      scope: "orders:read orders:write",
    });
    const narrow = await rp.refresh(tokens.refresh_token ?? "", { scope: "orders:read" });
    expect(decodeJwt(narrow.access_token)).to.include({ aud: API, scope: "orders:read" });
  });

  it("leaves userinfo to an application that asks for OpenID Connect scopes only (OIDC Core §5.3)", async () => {
    const rp = await application();
    const parameters = { scope: "openid profile email" };
    const { tokens, subject } = await signInWith(server, rp, { agent, parameters });
    expect(tokens.access_token.split(".")).to.have.length(1);
    expect(await rp.userinfo(tokens.access_token, subject)).to.include({
      email: "ada@example.com",
    });
    const { access_token } = await rp.refresh(tokens.refresh_token ?? "");
    expect(await rp.userinfo(access_token, subject)).to.include({ sub: subject });
  });

  it("gives a JWT at once to an application that asks for the API's scopes beside openid", async () => {
    const rp = await application();
    const parameters = { scope: "openid email orders:read" };
    const { tokens, subject } = await signInWith(server, rp, { agent, parameters });
    expect(decodeJwt(tokens.access_token)).to.include({ aud: API, scope: "orders:read" });
    // What userinfo would have told (OIDC Core §5.4).
    expect(tokens.claims).to.include({ sub: subject, email: "ada@example.com" });
    const again = await rp.refresh(tokens.refresh_token ?? "");
    expect(decodeJwt(again.access_token)).to.include({ aud: API, scope: "orders:read" });
    // A token for userinfo is one refresh away.
    const narrow = await rp.refresh(again.refresh_token ?? "", { scope: "openid email" });
    expect(await rp.userinfo(narrow.access_token, subject)).to.include({ sub: subject });
  });

  it("is what a code for several APIs is redeemed for, unless the request names another (RFC 8707 §2.2)", async () => {
    const rp = await application();
    const begin = async () => {
      const attempt = await rp.begin({ scope: "orders:read" });
      for (const api of [OPAQUE_API, API]) attempt.url.searchParams.append("resource", api);
      const callback = await authorize(agent, attempt.url, server);
      return { attempt, callback };
    };
    await signInWith(server, rp, { agent });
    const first = await begin();
    const tokens = await rp.redeem(first.attempt, first.callback);
    expect(decodeJwt(tokens.access_token)).to.include({ aud: API, scope: "orders:read" });
    const second = await begin();
    const named = await rp.redeem(second.attempt, second.callback, { resource: OPAQUE_API });
    expect(named.access_token.split(".")).to.have.length(1);
  });

  it("is at each node the one that was made it last", async () => {
    const rp = await machine();
    await server.app.resourceServers.update(OPAQUE_API, () => ({ default: true }));
    const { access_token } = await rp.clientCredentials();
    expect(await rp.introspect(access_token)).to.include({ aud: OPAQUE_API });
    await server.app.resourceServers.update(API, () => ({ default: true }));
    const again = await rp.clientCredentials();
    expect(decodeJwt(again.access_token)).to.include({ aud: API });
  });
});
