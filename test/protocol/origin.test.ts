import { expect } from "chai";
import { freePort } from "../support/free-port.js";
import { rawRequest } from "../support/raw-request.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

/** Of pino. */
const WARN = 40;
const DISCOVERY = "/.well-known/openid-configuration";

describe("the origin that the server speaks for (AC-06)", () => {
  let server: TestServer;
  let host: string;
  before(async () => {
    server = await startTestServer();
    ({ host } = new URL(server.issuer));
  });
  after(() => server.close());

  it("is the issuer's: a request for another host is 421 (RFC 9110 §15.5.20)", async () => {
    const hosts = [
      "evil.example",
      `${host}.evil.example`,
      `evil.example@${host}`,
      `${host}@evil.example`,
      "localhost",
      "localhost:1",
      `127.0.0.1:${server.config.port}`,
      "[",
    ];
    for (const forged of hosts) {
      for (const path of [DISCOVERY, "/auth", "/token", "/jwks", "/"]) {
        const answer = await rawRequest(server.issuer + path, { headers: { Host: forged } });
        expect([forged, path, answer.status]).to.deep.equal([forged, path, 421]);
        expect(answer.body).to.not.include("evil");
      }
    }
  });

  it("is compared without regard to case (RFC 9110 §4.2.3)", async () => {
    const answer = await rawRequest(server.issuer + DISCOVERY, {
      headers: { Host: host.toUpperCase() },
    });
    expect(answer.status).to.equal(200);
    expect(answer.body).to.not.include("LOCALHOST");
  });

  it("is told once in the log when a proxy is not trusted, and what that means for limits", async () => {
    const told = ({ logs } = server) =>
      logs.filter(({ msg }) => String(msg).startsWith("X-Forwarded-For is ignored"));
    await rawRequest(server.issuer + DISCOVERY);
    expect(told()).to.deep.equal([]);
    for (const address of ["203.0.113.7", "203.0.113.8"]) {
      const headers = { "X-Forwarded-For": address };
      await rawRequest(server.issuer + DISCOVERY, { headers });
    }
    expect(told()).to.have.length(1);
    expect(told()[0]?.["level"]).to.equal(WARN);
    expect(told()[0]?.["msg"])
      .to.include("limits on attempts")
      .and.include("TRUST_PROXY=")
      .and.not.include("203.0.113");
    const trusting = await startTestServer({ environment: { TRUST_PROXY: "true" } });
    try {
      const headers = { "X-Forwarded-For": "203.0.113.7" };
      await rawRequest(trusting.issuer + DISCOVERY, { headers });
      expect(told(trusting)).to.deep.equal([]);
    } finally {
      await trusting.close();
    }
  });

  it("is not changed by forwarding headers, which nobody asked us to believe", async () => {
    const forged = {
      "X-Forwarded-Host": "evil.example",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Port": "1",
      "X-Forwarded-For": "203.0.113.7",
      "X-Real-IP": "203.0.113.7",
      Forwarded: "for=203.0.113.7;host=evil.example;proto=https",
    };
    const plain = await rawRequest(server.issuer + DISCOVERY);
    for (const headers of [forged, ...Object.entries(forged).map(([k, v]) => ({ [k]: v }))]) {
      const answer = await rawRequest(server.issuer + DISCOVERY, { headers });
      expect([answer.status, answer.body]).to.deep.equal([200, plain.body]);
    }
    expect(server.logs.some(({ ip }) => ip === "203.0.113.7")).to.equal(false);
  });

  it("answers health checks for any host, since balancers ask by address", async () => {
    const answer = await rawRequest(`${server.issuer}/health/live`, {
      headers: { Host: "10.0.0.1" },
    });
    expect(answer.status).to.equal(200);
  });

  describe("behind a trusted proxy (TRUST_PROXY)", () => {
    let proxied: TestServer;
    let address: string;
    before(async () => {
      const port = await freePort();
      proxied = await startTestServer({
        environment: {
          PORT: String(port),
          ISSUER: "https://login.example.com",
          TRUST_PROXY: "true",
        },
      });
      address = `http://127.0.0.1:${port}`;
    });
    after(() => proxied.close());

    const forwarded = {
      Host: "internal:8000",
      "X-Forwarded-Host": "login.example.com",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-For": "203.0.113.9",
    };

    it("takes host, protocol and address from what the proxy says (RFC 9700 §4.13)", async () => {
      const answer = await rawRequest(address + DISCOVERY, { headers: forwarded });
      expect(answer.status).to.equal(200);
      expect(answer.body).to.include('"https://login.example.com/token"');
      expect(answer.headers["strict-transport-security"]).to.match(/max-age=31536000/);
      expect(proxied.logs.at(-1)).to.include({ ip: "203.0.113.9" });
    });

    it("takes the last address, the one that the proxy added itself", async () => {
      const headers = { ...forwarded, "X-Forwarded-For": "198.51.100.1, 203.0.113.10" };
      await rawRequest(address + DISCOVERY, { headers });
      expect(proxied.logs.at(-1)).to.include({ ip: "203.0.113.10" });
    });

    it("still answers for no other host", async () => {
      for (const forgedHost of ["evil.example", "login.example.com.evil.example"]) {
        const headers = { ...forwarded, "X-Forwarded-Host": forgedHost };
        const answer = await rawRequest(address + DISCOVERY, { headers });
        expect(answer.status).to.equal(421);
      }
    });

    it("gives cookies that hold to this host over TLS only (ASVS 3.3.1, 3.3.3)", async () => {
      const client = await createTestClient(proxied, {
        redirect_uris: ["https://client.example/callback"],
      });
      const url = new URL(`${address}/auth`);
      url.search = new URLSearchParams({
        client_id: client.clientId,
        response_type: "code",
        scope: "openid",
        redirect_uri: "https://client.example/callback",
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method: "S256",
      }).toString();
      const begun = await rawRequest(url, { headers: forwarded });
      const page = await rawRequest(`${address}/device`, { headers: forwarded });
      const cookies = [begun, page].flatMap(({ headers }) => headers["set-cookie"] ?? []);
      expect(cookies.some((cookie) => cookie.startsWith("__Host-latchkey_session="))).to.equal(
        true,
      );
      for (const cookie of cookies) {
        expect(cookie)
          .to.match(/; httponly/i)
          .and.match(/; samesite=lax/i)
          .and.not.match(/; domain/i);
        expect(cookie, cookie).to.match(/; secure/i);
        expect(cookie).to.match(/^__(Host|Secure)-/);
      }
    });
  });

  describe("behind a proxy at another address (TRUST_PROXY=10.0.0.0/8)", () => {
    let guarded: TestServer;
    before(async () => {
      guarded = await startTestServer({ environment: { TRUST_PROXY: "10.0.0.0/8" } });
    });
    after(() => guarded.close());

    it("ignores forwarding headers of whoever else connects", async () => {
      const headers = { "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.7" };
      const answer = await rawRequest(guarded.issuer + DISCOVERY, { headers });
      expect(answer.status).to.equal(200);
      expect(guarded.logs.some(({ ip }) => ip === "203.0.113.7")).to.equal(false);
    });
  });
});
