import { expect } from "chai";
import { rawRequest, type RawAnswer } from "../support/raw-request.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { createUserAgent } from "../support/user-agent.js";

describe("response headers", () => {
  let server: TestServer;
  let client: TestClient;
  before(async () => {
    server = await startTestServer();
    client = await createTestClient(server, {
      grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    });
  });
  after(() => server.close());

  const get = (path: string, accept = "text/html") =>
    rawRequest(server.issuer + path, { headers: { Accept: accept } });

  it("protect every answer, errors included (ASVS 3.4, 14.3.2)", async () => {
    const form = { grant_type: "client_credentials" };
    const answers: Record<string, RawAnswer> = {
      "the start page": await get("/"),
      "an error page": await get("/auth"),
      "an unknown page": await get("/nothing"),
      "an unknown endpoint": await get("/nothing", "application/json"),
      "a lost interaction": await get("/interaction/abc"),
      "the device page": await get("/device"),
      "the sign-out page": await get("/session/end"),
      "a token": await postForm(`${server.issuer}/token`, form, { client }),
      "a token error": await postForm(`${server.issuer}/token`, {}, { client }),
      "a client error": await postForm(`${server.issuer}/token`, form, {
        client: { ...client, clientSecret: "wrong" },
      }),
      "a userinfo error": await get("/me"),
      "a registration error": await rawRequest(`${server.issuer}/clients/register`, {
        method: "POST",
      }),
      "an unknown host": await rawRequest(server.issuer, { headers: { Host: "evil.example" } }),
      health: await get("/health/ready"),
      "a missing file": await get("/assets/nothing.css"),
    };
    for (const [what, { headers }] of Object.entries(answers)) {
      expect(headers, what).to.include({
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "x-frame-options": "DENY",
      });
      expect(headers["content-security-policy"], what)
        .to.match(/default-src 'none'/)
        .and.match(/frame-ancestors 'none'/)
        .and.match(/base-uri 'none'/)
        .and.not.match(/unsafe-(inline|eval)/);
      expect(headers["x-request-id"], what).to.match(/^[0-9a-f]{16}$/);
      expect(headers, what).to.not.have.any.keys("x-powered-by", "server");
    }
  });

  it("keep tokens and codes out of caches (RFC 6749 §5.1)", async () => {
    const rp = await connect(server, client);
    const { tokens } = await signInWith(server, rp);
    const answers = [
      await postForm(`${server.issuer}/token`, { grant_type: "client_credentials" }, { client }),
      await postForm(
        `${server.issuer}/token`,
        { grant_type: "refresh_token", refresh_token: tokens.refresh_token ?? "" },
        { client },
      ),
      await rawRequest(`${server.issuer}/me`, {
        headers: { Authorization: `Bearer ${tokens.access_token}` },
      }),
      await postForm(
        `${server.issuer}/token/introspect`,
        { token: tokens.access_token },
        { client },
      ),
    ];
    for (const { status, headers } of answers) {
      expect([status, headers["cache-control"]]).to.deep.equal([200, "no-store"]);
      expect(headers["content-type"]).to.match(/^application\/json/);
    }
  });

  it("of redirects with a code say so too, and use 303 (RFC 9700 §4.12)", async () => {
    const rp = await connect(server, client);
    const { agent } = await signInWith(server, rp);
    const cookie = agent.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const { url } = await rp.begin();
    const answer = await rawRequest(url, { headers: { Cookie: cookie } });
    expect([answer.status, answer.headers["cache-control"]]).to.deep.equal([303, "no-store"]);
    expect(answer.headers["location"]).to.include("code=");
  });

  it("challenge for Bearer and DPoP at userinfo, and for Basic at the token endpoint (RFC 6750 §3, RFC 6749 §5.2)", async () => {
    const wrong = await rawRequest(`${server.issuer}/me`, {
      headers: { Authorization: "Bearer wrong" },
    });
    expect(wrong.headers["www-authenticate"])
      .to.match(/Bearer realm="[^"]+"/)
      .and.match(/error="invalid_token"/);
    const secret = { client: { ...client, clientSecret: "wrong" } };
    const basic = await postForm(`${server.issuer}/token`, { grant_type: "refresh_token" }, secret);
    expect(basic.headers["www-authenticate"]).to.match(/^Basic realm="[^"]+"/);
  });

  it("let a page lead its forms to where the request returns, and nowhere else over http", async () => {
    const rp = await connect(server, client);
    const page = await createUserAgent(server.issuer).open((await rp.begin()).url);
    const policy = page.headers.get("Content-Security-Policy") ?? "";
    expect(/form-action ([^;]*)/.exec(policy)?.[1]).to.equal("'self' https: http://localhost:*");
  });

  it("set cookies that scripts and other sites do not get (ASVS 3.3)", async () => {
    const rp = await connect(server, client);
    const { url } = await rp.begin();
    const answer = await rawRequest(url);
    const cookies = answer.headers["set-cookie"] as string[];
    expect(cookies.length).to.be.at.least(3);
    for (const cookie of cookies) {
      expect(cookie)
        .to.match(/; httponly/i)
        .and.match(/; samesite=lax/i)
        .and.not.match(/; domain=/i);
      expect(cookie.length).to.be.below(4096);
    }
  });

  it("tell nothing of a fault's inside (ASVS 16.5.1)", async () => {
    const pages = [await get("/auth?client_id=x"), await get("/nothing")];
    for (const { body } of pages) {
      expect(body).to.not.match(/node_modules|\.js:\d+|SQLITE|knex|oidc-provider|at Object\./);
    }
  });
});
