import { expect } from "chai";
import * as providers from "../../src/commands/provider-commands.js";
import { findFreePorts } from "../support/free-port.js";
import { codeOfRejection, rejectionOf } from "../support/stores-rejection.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { startBareProvider } from "../support/upstreams/bare-oidc-provider.js";
import { isGlewlwydThere, startGlewlwyd } from "../support/upstreams/glewlwyd.js";
import { GRACE, type Upstream } from "../support/upstreams/upstream.js";

describe("commands about providers", () => {
  let server: TestServer;
  let upstream: Upstream;

  before(async () => {
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    upstream = await startBareProvider({
      relyingParty: server.issuer,
      providerId: "bare",
      people: [GRACE],
    });
  });
  after(async () => {
    await upstream.stop();
    await server.close();
  });
  afterEach(async () => {
    for (const { id } of await server.app.upstreamProviders.list()) {
      await server.app.upstreamProviders.delete(id);
    }
  });

  const four = () => ({
    id: "bare",
    clientSecret: upstream.clientSecret,
    facts: { issuer: upstream.issuer, clientId: upstream.clientId },
    untested: false,
  });

  async function wordsOf(changes: {
    clientSecret?: string;
    issuer?: string;
    clientId?: string;
  }): Promise<string> {
    const { clientSecret = upstream.clientSecret, ...facts } = changes;
    const given = four();
    const attempt = { ...given, clientSecret, facts: { ...given.facts, ...facts } };
    const err = await rejectionOf(providers.addProvider(server.app, attempt));
    expect(err).to.include({ code: "provider_test_failed" });
    return err instanceof Error ? err.message : "";
  }

  it("add one with four values: id, issuer, client id and secret", async () => {
    const { text } = await providers.addProvider(server.app, four());
    expect(text).to.include("client id, credentials and redirect URI are right");
    expect(text).to.include(`${server.issuer}/oauth/callback`);
    const { data } = await providers.showProvider(server.app, "bare");
    expect(data).to.deep.include({
      id: "bare",
      issuer: upstream.issuer,
      // The only one of ours that it takes.
      authentication: "client_secret_basic",
      accounts: "create",
      has_client_secret: true,
      disabled: false,
    });
    expect(JSON.stringify(data)).to.not.include(upstream.clientSecret);
    expect((await providers.listProviders(server.app)).text).to.match(/^bare\s/m);
  });

  it("say in words that the secret or the client id is wrong", async () => {
    expect(await wordsOf({ clientSecret: "wrong" })).to.include("client id or the secret");
    expect(await wordsOf({ clientId: "nobody" })).to.include("client id or the secret");
  });

  it("say in words that nobody answers, or that the issuer is spelled otherwise", async () => {
    const [port] = await findFreePorts(1);
    expect(await wordsOf({ issuer: `http://127.0.0.1:${port}` })).to.include(
      "does not take connections",
    );
    expect(await wordsOf({ issuer: `${upstream.issuer}/` })).to.include(
      `calls itself "${upstream.issuer}"`,
    );
  });

  it("name the setting that lets the server reach a private network", async () => {
    const guarded = await startTestServer();
    try {
      const err = await rejectionOf(providers.addProvider(guarded.app, four()));
      expect(err).to.have.property("message").that.includes("OUTBOUND_ALLOWED_HOSTS");
    } finally {
      await guarded.close();
    }
  });

  it("say that the redirect URI is not registered, and which it is", async () => {
    const other = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    try {
      const err = await rejectionOf(providers.addProvider(other.app, four()));
      expect(err)
        .to.have.property("message")
        .that.includes(`does not know the redirect URI ${other.issuer}/oauth/callback`);
    } finally {
      await other.close();
    }
  });

  it("store what cannot be tried when told so, and test it later", async () => {
    await providers.addProvider(server.app, { ...four(), clientSecret: "wrong", untested: true });
    const { text, data } = await providers.testProvider(server.app, "bare");
    expect(text).to.include("PROBLEM");
    expect(data).to.have.nested.property("findings[0].level", "good");
    await providers.updateProvider(server.app, "bare", {
      facts: { authentication: "client_secret_post" },
      clientSecret: upstream.clientSecret,
    });
    expect((await providers.testProvider(server.app, "bare")).text).to.not.include("PROBLEM");
  });

  it("change single claims of the mapping and leave the others", async () => {
    const given = four();
    const facts = { ...given.facts, claim: ["name=display.name", "picture="] };
    await providers.addProvider(server.app, { ...given, facts, untested: true });
    const claimsOf = async () => (await server.app.upstreamProviders.find("bare"))?.claims;
    expect(await claimsOf()).to.include({ name: "display.name", email: "email" });
    expect(await claimsOf()).to.not.have.property("picture");
    await providers.updateProvider(server.app, "bare", {
      facts: { claim: ["email=mail"] },
      clientSecret: undefined,
    });
    expect(await claimsOf()).to.include({ name: "display.name", email: "mail" });
    const unknown = providers.updateProvider(server.app, "bare", {
      facts: { claim: ["sub=email"] },
      clientSecret: undefined,
    });
    expect(await codeOfRejection(unknown)).to.equal("invalid_provider");
  });

  it("refuse what is no provider, with all that is wrong", async () => {
    const facts = { issuer: "http://idp.example.com", clientId: "x", allowDomain: ["@nothing"] };
    const err = await rejectionOf(
      providers.addProvider(server.app, { ...four(), id: "NO WAY", facts }),
    );
    expect(err).to.include({ code: "invalid_provider" });
    expect(err)
      .to.have.property("message")
      .that.includes("id must be")
      .and.includes("https://")
      .and.includes("@nothing");
  });

  it("disable, enable and remove one; none that is not there", async () => {
    await providers.addProvider(server.app, four());
    await providers.setProviderDisabled(server.app, "bare", true);
    expect(await server.app.listForSignIn()).to.deep.equal([]);
    await providers.setProviderDisabled(server.app, "bare", false);
    expect(await server.app.listForSignIn()).to.have.length(1);
    await providers.removeProvider(server.app, "bare");
    for (const refused of [
      providers.removeProvider(server.app, "bare"),
      providers.showProvider(server.app, "bare"),
      providers.setProviderDisabled(server.app, "bare", true),
    ]) {
      expect(await codeOfRejection(refused)).to.equal("not_found");
    }
  });

  it("leave one that a file declares to its file", async () => {
    await providers.addProvider(server.app, four());
    await server.app.upstreamProviders.update("bare", () => ({ managedBy: "/etc/providers.json" }));
    for (const refused of [
      providers.removeProvider(server.app, "bare"),
      providers.setProviderDisabled(server.app, "bare", true),
      providers.updateProvider(server.app, "bare", {
        facts: { only: true },
        clientSecret: undefined,
      }),
    ]) {
      expect(await codeOfRejection(refused)).to.equal("provider_managed");
    }
  });

  it("try one that cannot be asked for pushed requests by its endpoints", async function glewlwydTest() {
    if (!isGlewlwydThere()) this.skip();
    const glewlwyd = await startGlewlwyd({
      relyingParty: server.issuer,
      providerId: "glewlwyd",
      people: [GRACE],
    });
    try {
      const add = (clientSecret: string) =>
        providers.addProvider(server.app, {
          id: "glewlwyd",
          clientSecret,
          facts: { issuer: glewlwyd.issuer, clientId: glewlwyd.clientId },
          untested: false,
        });
      expect(await codeOfRejection(add("wrong"))).to.equal("provider_test_failed");
      const { text } = await add(glewlwyd.clientSecret);
      expect(text, text).to.include("takes the client id");
    } finally {
      await glewlwyd.stop();
    }
  });
});
