import { expect } from "chai";
import { rawRequest } from "../support/raw-request.js";
import { connect } from "../support/relying-party-libraries.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent } from "../support/user-agent.js";

const REGISTERED = "https://client.example/app/callback";

/** What servers have taken for `REGISTERED` by mistake (AC-01). */
const VARIANTS = [
  "https://client.example/app/callback/",
  "https://client.example/app/callback?",
  "https://client.example/app/callback?x=1",
  "https://client.example/app/callback#",
  "https://client.example/app/callback#x",
  "https://client.example/app/callback/more",
  "https://client.example/app/callbackmore",
  "https://client.example/app/Callback",
  "https://client.example/app//callback",
  "https://client.example/app/./callback",
  "https://client.example/app/x/../callback",
  "https://client.example/app/..;/callback",
  "https://client.example/app/%63allback",
  "https://client.example/app%2fcallback",
  "https://CLIENT.example/app/callback",
  "HTTPS://client.example/app/callback",
  "http://client.example/app/callback",
  "https://client.example:443/app/callback",
  "https://client.example:8443/app/callback",
  "https://client.example./app/callback",
  "https://clientaexample/app/callback",
  "https://evil.example/app/callback",
  "https://client.example@evil.example/app/callback",
  "https://user:password@client.example/app/callback",
  "https://evil.example\\@client.example/app/callback",
  "https://client.example.evil.example/app/callback",
  "https://client\uFF0Eexample/app/callback",
  "https://client.example/app/callback\u0000",
  "https://client.example/app/callback\r\nLocation: https://evil.example",
  " https://client.example/app/callback",
  "//client.example/app/callback",
  "/app/callback",
  "javascript:alert(document.domain)",
  "",
  "*",
];

describe("redirect URIs", () => {
  let server: TestServer;
  let web: TestClient;
  before(async () => {
    server = await startTestServer();
    // Two, so that a request without one cannot mean the only one.
    const uris = [REGISTERED, "https://client.example/other"];
    web = await createTestClient(server, { redirect_uris: uris });
  });
  after(() => server.close());

  it("are compared as they stand (RFC 6749 §3.1.2.3, OAuth 2.1 §2.3.1)", async () => {
    const rp = await connect(server, web);
    const attempt = await rp.begin({ redirect_uri: REGISTERED });
    const callback = await authorize(createUserAgent(server.issuer), attempt.url, server);
    expect(callback.href.startsWith(`${REGISTERED}?code=`)).to.equal(true);
  });

  for (const variant of VARIANTS) {
    it(`that differ lead to an error page and nowhere else: ${JSON.stringify(variant)} (AC-01)`, async () => {
      for (const more of [{}, { prompt: "none" }, { response_mode: "form_post" }]) {
        const answer = await request({ redirect_uri: variant, ...more });
        expectErrorPage(answer);
        expect(answer.body).to.not.include("<form method");
      }
    });
  }

  it("that are missing lead to an error page when the client has several", async () => {
    expectErrorPage(await request({}));
  });

  it("of a client that is not known, or not named, lead to an error page (RFC 6749 §4.1.2.1)", async () => {
    for (const clientId of ["unknown", "", "x".repeat(5000), "a\u0000b", "' or 1=1 --", "../x"]) {
      expectErrorPage(await request({ client_id: clientId, redirect_uri: REGISTERED }));
    }
    const nameless = await rawRequest(`${server.issuer}/auth?redirect_uri=${REGISTERED}`, HTML);
    expectErrorPage(nameless);
  });

  it("of one client are none of another's", async () => {
    const other = await createTestClient(server);
    expectErrorPage(await request({ client_id: other.clientId, redirect_uri: REGISTERED }));
  });

  it("must be the same at the token endpoint (RFC 6749 §4.1.3)", async () => {
    const rp = await connect(server, web);
    const attempt = await rp.begin({ redirect_uri: REGISTERED });
    const callback = await authorize(createUserAgent(server.issuer), attempt.url, server);
    const elsewhere = { ...attempt, redirectUri: "https://client.example/other" };
    const refused = await rp.redeem(elsewhere, callback).then(
      () => "tokens",
      (err: { error?: string }) => err.error,
    );
    expect(refused).to.equal("invalid_grant");
  });

  it("get other errors, with state and iss (RFC 6749 §4.1.2.1, RFC 9207 §2)", async () => {
    const errors: Record<string, Record<string, string>> = {
      unsupported_response_type: { response_type: "token" },
      invalid_scope: { scope: "openid\u0001" },
      login_required: { prompt: "none" },
    };
    for (const [error, parameters] of Object.entries(errors)) {
      const answer = await request({ redirect_uri: REGISTERED, ...parameters });
      expect(answer.status, `${error}: ${answer.body.slice(0, 300)}`).to.equal(303);
      const location = new URL(String(answer.headers["location"]));
      expect(location.href.startsWith(REGISTERED)).to.equal(true);
      const told = location.searchParams.size > 0 ? location.searchParams : fragment(location);
      expect(Object.fromEntries(told)).to.include({ error, state: "s", iss: server.issuer });
    }
  });

  describe("of native applications on loopback (RFC 8252 §7.3)", () => {
    it("may have any port, and differ in nothing else", async () => {
      for (const host of ["127.0.0.1", "[::1]", "localhost"]) {
        const uri = `http://${host}/callback`;
        const client = await createTestClient(server, {
          application_type: "native",
          redirect_uris: [uri],
          token_endpoint_auth_method: "none",
        });
        const rp = await connect(server, client);
        const redirectUri = `http://${host}:54321/callback`;
        const attempt = await rp.begin({ redirect_uri: redirectUri });
        const callback = await authorize(createUserAgent(server.issuer), attempt.url, server);
        expect(callback.href.startsWith(redirectUri)).to.equal(true);
        expect(await rp.redeem(attempt, callback)).to.include.keys("id_token");
        for (const wrong of ["/other", "/callback/", "/callback?x=1"]) {
          const parameters = {
            client_id: client.clientId,
            redirect_uri: `http://${host}:54321${wrong}`,
          };
          expectErrorPage(await request(parameters));
        }
        const evil = { client_id: client.clientId, redirect_uri: "http://evil.example:1/callback" };
        expectErrorPage(await request(evil));
      }
    });

    it("may be of a scheme of their own, compared as it stands", async () => {
      const client = await createTestClient(server, {
        application_type: "native",
        redirect_uris: ["com.example.app:/callback"],
        token_endpoint_auth_method: "none",
      });
      const answer = await request({
        client_id: client.clientId,
        redirect_uri: "com.example.app:/callback",
        prompt: "none",
      });
      expect(answer.headers["location"]).to.match(/^com\.example\.app:\/callback\?error=/);
      const other = { client_id: client.clientId, redirect_uri: "com.example.app:/other" };
      expectErrorPage(await request(other));
    });

    it("of web applications have the port that was registered", async () => {
      const client = await createTestClient(server, {
        redirect_uris: ["http://localhost:3000/callback"],
      });
      const parameters = {
        client_id: client.clientId,
        redirect_uri: "http://localhost:3001/callback",
      };
      expectErrorPage(await request(parameters));
    });
  });

  const HTML = { headers: { Accept: "text/html" } };

  function request(parameters: Record<string, string>) {
    const url = new URL(`${server.issuer}/auth`);
    url.search = new URLSearchParams({
      client_id: web.clientId,
      response_type: "code",
      scope: "openid",
      state: "s",
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
      ...parameters,
    }).toString();
    return rawRequest(url, HTML);
  }
});

function expectErrorPage(answer: Awaited<ReturnType<typeof rawRequest>>): void {
  expect(answer.status, answer.body.slice(0, 300)).to.equal(400);
  expect(answer.headers["location"]).to.equal(undefined);
  expect(answer.headers["content-type"]).to.match(/^text\/html/);
  expect(answer.headers["refresh"]).to.equal(undefined);
}

function fragment(url: URL): URLSearchParams {
  return new URLSearchParams(url.hash.slice(1));
}
