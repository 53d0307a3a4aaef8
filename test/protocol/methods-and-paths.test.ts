import { expect } from "chai";
import { rawRequest } from "../support/raw-request.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const ENDPOINTS: Record<string, readonly string[]> = {
  "/": ["GET"],
  "/auth": ["GET"],
  "/token": ["POST"],
  "/token/revoke": ["POST"],
  "/token/introspect": ["POST"],
  "/request": ["POST"],
  "/device": ["GET", "POST"],
  // GET is the way back from a device's sign-in with the id "auth", which does not exist.
  "/device/auth": ["GET", "POST"],
  "/me": ["GET", "POST"],
  "/jwks": ["GET"],
  "/session/end": ["GET"],
  "/session/end/confirm": ["POST"],
  "/clients/register": ["POST"],
  "/.well-known/openid-configuration": ["GET"],
  "/.well-known/oauth-authorization-server": ["GET"],
  "/health/live": ["GET"],
  "/interaction/abc": ["GET"],
};

describe("methods and paths (ASVS 4.1.4)", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  for (const [path, allowed] of Object.entries(ENDPOINTS)) {
    it(`${path} knows ${allowed.join(" and ")} and nothing else`, async () => {
      for (const method of [
        "GET",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "TRACE",
        "PROPFIND",
        "PURGE",
      ]) {
        if (allowed.includes(method)) continue;
        const answer = await rawRequest(server.issuer + path, {
          method,
          headers: { "X-Secret": "echo-me" },
        });
        expect([method, answer.status]).to.be.deep.oneOf([
          [method, 404],
          [method, 405],
        ]);
        expect(answer.body).to.not.include("echo-me");
      }
    });
  }

  it("unknown paths are 404, as a page for people and as JSON for programs", async () => {
    const paths = [
      "/nothing",
      "/auth2",
      "/token/",
      "/admin",
      "/.env",
      "/.git/config",
      "/package.json",
      "/assets/../package.json",
      "/assets/%2e%2e/%2e%2e/package.json",
      "/views/login.njk",
      "/interaction",
      "/clients",
      "/api",
    ];
    for (const path of paths) {
      const page = await rawRequest(server.issuer, { path, headers: { Accept: "text/html" } });
      expect([path, page.status]).to.deep.equal([path, 404]);
      const json = await rawRequest(server.issuer, {
        path,
        headers: { Accept: "application/json" },
      });
      expect([path, json.status]).to.deep.equal([path, 404]);
    }
    const page = await rawRequest(`${server.issuer}/nothing`, { headers: { Accept: "text/html" } });
    expect(page.body).to.include("There is no such page");
    const json = await rawRequest(`${server.issuer}/nothing`);
    expect(JSON.parse(json.body)).to.include({ error: "not_found" });
  });

  it("odd spellings of paths are never a 5xx, nor another spelling of an endpoint (AC-34)", async () => {
    const paths = [
      "/%",
      "/%00",
      "/%zz",
      "/auth%00",
      "//auth",
      "/auth;x=1",
      "/AUTH",
      "/./auth",
      "/x/../auth",
      "/%61uth",
      "/auth/%E0%A4%A",
      "/interaction/%E0%A4%A",
      "/interaction/..%2f..%2ftoken",
      "/interaction/a%0d%0ab",
      "/device/%E0%A4%A",
      "/clients/register/%E0%A4%A",
      "/clients/register/..%2f..",
      `/${"x".repeat(8000)}`,
      "/assets/%",
      "*",
      "auth",
    ];
    for (const path of paths) {
      const answer = await rawRequest(server.issuer, { path, headers: { Accept: "text/html" } });
      expect(answer.status, path).to.be.within(300, 499);
    }
  });

  it("HEAD answers like GET without a body (RFC 9110 §9.3.2)", async () => {
    for (const path of ["/jwks", "/.well-known/openid-configuration", "/health/live", "/"]) {
      const answer = await rawRequest(server.issuer + path, { method: "HEAD" });
      expect([path, answer.status, answer.body]).to.deep.equal([path, 200, ""]);
    }
  });
});
