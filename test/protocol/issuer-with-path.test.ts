import { expect } from "chai";
import { rawRequest } from "../support/raw-request.js";
import { LIBRARIES, connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent } from "../support/user-agent.js";

describe("an issuer with a path", () => {
  let server: TestServer;
  let origin: string;
  before(async () => {
    server = await startTestServer({ environment: { ISSUER: "http://localhost:{port}/id" } });
    origin = new URL(server.issuer).origin;
  });
  after(() => server.close());

  for (const library of LIBRARIES) {
    it(`signs people in from discovery to refresh (${library.name})`, async () => {
      const rp = await library.connect(server, await createTestClient(server));
      const { tokens, subject } = await signInWith(server, rp, {
        parameters: { scope: "openid email" },
        pushed: true,
      });
      expect(tokens.claims).to.include({ iss: server.issuer });
      const claims = await rp.userinfo(tokens.access_token, subject);
      expect(claims).to.include({ email: "ada@example.com" });
      const next = await rp.refresh(tokens.refresh_token ?? "");
      await rp.revoke(next.refresh_token ?? "");
      expect(await rp.introspect(next.access_token)).to.deep.equal({ active: false });
    });
  }

  it("is described at both well-known addresses (OIDC Discovery §4, RFC 8414 §3.1)", async () => {
    const addresses = [
      `${server.issuer}/.well-known/openid-configuration`,
      `${origin}/.well-known/oauth-authorization-server/id`,
    ];
    const [openid, oauth] = await Promise.all(addresses.map((address) => rawRequest(address)));
    expect([openid?.status, oauth?.status]).to.deep.equal([200, 200]);
    expect(oauth?.body).to.equal(openid?.body);
    const metadata = JSON.parse(openid?.body ?? "") as Record<string, unknown>;
    expect(metadata["issuer"]).to.equal(server.issuer);
    for (const [name, value] of Object.entries(metadata)) {
      if (!/_(endpoint|uri)$/.test(name)) continue;
      expect(String(value).startsWith(`${server.issuer}/`), `${name}: ${String(value)}`).to.equal(
        true,
      );
    }
  });

  it("answers health checks below its path for any host, since balancers ask by address", async () => {
    for (const check of ["live", "ready"]) {
      const answer = await rawRequest(`${server.issuer}/health/${check}`, {
        headers: { Host: "10.0.0.1" },
      });
      expect(answer.status, check).to.equal(200);
    }
  });

  it("gives every cookie a path that its pages have, and no other", async () => {
    const rp = await connect(server, await createTestClient(server));
    const { url } = await rp.begin();
    const agent = createUserAgent(origin);
    const page = await agent.open(url);
    const uid = page.url.pathname.split("/").at(-1);
    expect(page.url.pathname).to.equal(`/id/interaction/${uid}`);
    const paths = Object.fromEntries(agent.cookies.map(({ name, path }) => [name, path]));
    expect(paths).to.include({
      latchkey_interaction: `/id/interaction/${uid}`,
      latchkey_resume: `/id/auth/${uid}`,
      latchkey_request: `/id/interaction/${uid}`,
    });
  });

  it("links its own pages and files below the path", async () => {
    const rp = await connect(server, await createTestClient(server));
    const page = await createUserAgent(origin).open((await rp.begin()).url);
    for (const [, link = ""] of page.html.matchAll(/(?:href|src|action)="([^"#]+)"/g)) {
      expect(link).to.match(/^(https?:\/\/localhost:\d+)?\/id(\/|$)/);
    }
    const [, stylesheet = ""] = /href="([^"]+\.css)"/.exec(page.html) ?? [];
    expect((await rawRequest(origin + stylesheet)).status).to.equal(200);
  });

  it("signs out and connects devices there", async () => {
    const rp = await connect(server, await createTestClient(server));
    const { agent } = await signInWith(server, rp);
    const page = await agent.open(`${server.issuer}/session/end`);
    const done = await agent.submit(page, { logout: "yes" });
    expect(done.url.pathname).to.equal("/id/session/end/success");
    const { url } = await agent.open((await rp.begin({ prompt: "none" })).url);
    expect(url.searchParams.get("error")).to.equal("login_required");
    const device = await agent.open(`${server.issuer}/device`);
    expect(device.html).to.include("Code on your device");
  });

  it("serves nothing outside of its path", async () => {
    const outside = ["/token", "/auth", "/jwks", "/.well-known/openid-configuration", "/idx/jwks"];
    for (const path of outside) {
      expect([path, (await rawRequest(origin + path)).status]).to.deep.equal([path, 404]);
    }
  });
});

describe("the server's metadata (RFC 8414)", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  it("is the same at both well-known addresses, cacheable, and offers nothing weak (RFC 9700 §2)", async () => {
    const [openid, oauth] = await Promise.all(
      ["openid-configuration", "oauth-authorization-server"].map((name) =>
        rawRequest(`${server.issuer}/.well-known/${name}`),
      ),
    );
    expect(oauth?.body).to.equal(openid?.body);
    expect(openid?.headers["cache-control"]).to.equal(
      "public, max-age=300, stale-while-revalidate=300",
    );
    expect(JSON.parse(openid?.body ?? "")).to.deep.include({
      response_types_supported: ["code"],
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
    });
    // `none` is an authentication method of public clients, and nothing else.
    const { token_endpoint_auth_methods_supported: _methods, ...rest } = JSON.parse(
      openid?.body ?? "",
    ) as Record<string, unknown>;
    expect(JSON.stringify(rest)).to.not.match(/"(plain|implicit|password|HS256)"/);
  });

  it("publishes public keys only, each with kid, alg and use (RFC 7517 §4)", async () => {
    const { body, headers } = await rawRequest(`${server.issuer}/jwks`);
    const { keys } = JSON.parse(body) as { keys: Record<string, string>[] };
    expect(keys.map(({ alg }) => alg)).to.have.members(["ES256", "RS256"]);
    expect(new Set(keys.map(({ kid }) => kid)).size).to.equal(keys.length);
    for (const key of keys) {
      expect(key).to.include({ use: "sig" });
      for (const secret of ["d", "p", "q", "dp", "dq", "qi", "k"]) {
        expect(key).to.not.have.property(secret);
      }
    }
    expect(headers["cache-control"]).to.equal("public, max-age=300, stale-while-revalidate=300");
  });
});
