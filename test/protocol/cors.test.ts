import { expect } from "chai";
import { rawRequest } from "../support/raw-request.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const ORIGIN = "https://spa.example";

describe("CORS (Fetch standard; OAuth 2.1 §3.1)", () => {
  let server: TestServer;
  let spa: TestClient;
  before(async () => {
    server = await startTestServer();
    spa = await createTestClient(server, {
      redirect_uris: [`${ORIGIN}/callback`, "http://localhost:9999/callback"],
      token_endpoint_auth_method: "none",
    });
  });
  after(() => server.close());

  const post = (path: string, origin: string, fields: Record<string, string>) =>
    rawRequest(server.issuer + path, {
      method: "POST",
      headers: { Origin: origin, "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ client_id: spa.clientId, ...fields }).toString(),
    });

  it("lets a page of a registered origin read answers, errors included", async () => {
    for (const path of ["/token", "/token/revoke", "/request", "/device/auth"]) {
      const answer = await post(path, ORIGIN, { grant_type: "refresh_token", refresh_token: "x" });
      expect([path, answer.headers["access-control-allow-origin"]]).to.deep.equal([path, ORIGIN]);
      expect(answer.headers["vary"]).to.match(/\bOrigin\b/i);
    }
  });

  it("lets no other page read them (AC-50)", async () => {
    const others = [
      "https://evil.example",
      "https://spa.example.evil.example",
      "http://spa.example",
      "https://spa.example:8443",
      "https://sub.spa.example",
      "null",
    ];
    for (const origin of others) {
      for (const path of ["/token", "/token/revoke", "/request"]) {
        const answer = await post(path, origin, {
          grant_type: "refresh_token",
          refresh_token: "x",
        });
        expect([origin, answer.status]).to.deep.equal([origin, 400]);
        expect(answer.headers).to.not.have.property("access-control-allow-origin");
      }
    }
  });

  it("decides at userinfo by the client of the token", async () => {
    const rp = await connect(server, spa);
    const { tokens } = await signInWith(server, rp, {
      parameters: { redirect_uri: "http://localhost:9999/callback" },
    });
    const ask = (origin: string) =>
      rawRequest(`${server.issuer}/me`, {
        headers: { Origin: origin, Authorization: `Bearer ${tokens.access_token}` },
      });
    const own = await ask(ORIGIN);
    expect([own.status, own.headers["access-control-allow-origin"]]).to.deep.equal([200, ORIGIN]);
    const other = await ask("https://evil.example");
    expect(other.status).to.equal(400);
    expect(other.headers).to.not.have.property("access-control-allow-origin");
  });

  it("answers preflights, and never allows credentials", async () => {
    for (const path of ["/token", "/token/revoke", "/token/introspect", "/me", "/request"]) {
      const answer = await rawRequest(server.issuer + path, {
        method: "OPTIONS",
        headers: {
          Origin: ORIGIN,
          "Access-Control-Request-Method": "POST",
          "Access-Control-Request-Headers": "authorization,dpop",
        },
      });
      expect([path, answer.status, answer.body]).to.deep.equal([path, 204, ""]);
      expect(answer.headers["access-control-allow-methods"]).to.match(/POST/);
      expect(answer.headers).to.not.have.property("access-control-allow-credentials");
    }
    const answer = await post("/token", ORIGIN, {
      grant_type: "refresh_token",
      refresh_token: "x",
    });
    expect(answer.headers).to.not.have.property("access-control-allow-credentials");
  });

  it("lets anyone read metadata and keys", async () => {
    for (const path of ["/.well-known/openid-configuration", "/jwks"]) {
      const answer = await rawRequest(server.issuer + path, { headers: { Origin: ORIGIN } });
      expect(answer.headers["access-control-allow-origin"]).to.be.oneOf(["*", ORIGIN]);
      expect(answer.headers).to.not.have.property("access-control-allow-credentials");
    }
  });

  it("is not there for pages and registration (RFC 9700 §2.6)", async () => {
    const paths = ["/auth", "/session/end", "/device", "/interaction/x", "/", "/clients/register"];
    for (const path of paths) {
      for (const method of ["GET", "OPTIONS"]) {
        const answer = await rawRequest(server.issuer + path, {
          method,
          headers: { Origin: ORIGIN, "Access-Control-Request-Method": "GET" },
        });
        expect(answer.headers, path).to.not.have.property("access-control-allow-origin");
      }
    }
  });
});
