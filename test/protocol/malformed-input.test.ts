import { expect } from "chai";
import { oauthErrorOf, rawRequest, type RawAnswer } from "../support/raw-request.js";
import { register } from "../support/registration-endpoint.js";
import { REDIRECT_URI, createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { basic } from "../support/token-endpoint.js";

/** The library reads 56 KiB at most. */
const TOO_MUCH_BYTES = 57 * 1024;
const FORM = "application/x-www-form-urlencoded";

/** Endpoints for programs that take forms, with the parameters that they know. */
const FORM_ENDPOINTS: Record<string, readonly string[]> = {
  "/token": ["grant_type", "client_id", "scope"],
  "/token/revoke": ["token", "token_type_hint"],
  "/token/introspect": ["token", "token_type_hint"],
  "/request": ["client_id", "response_type", "redirect_uri", "scope", "code_challenge", "request"],
  "/device/auth": ["client_id", "scope"],
};

const BODIES: Record<string, { type?: string; body: string | Buffer }> = {
  "no body": { body: "" },
  "an empty form": { type: FORM, body: "" },
  "broken percent signs": { type: FORM, body: "%=%zz&grant_type=%E0%A4%A&scope=%" },
  "bytes that are no text": { type: FORM, body: Buffer.from([0, 255, 254, 61, 128, 38, 61]) },
  "NUL and line breaks": { type: FORM, body: "grant_type=a%00b&scope=c%0D%0Ad" },
  "nested names": { type: FORM, body: "grant_type[a]=b&token[]=c&client_id[__proto__][x]=y" },
  "names of the prototype": { type: FORM, body: "__proto__=a&constructor=b&toString=c" },
  "60,000 parameters": { type: FORM, body: "a&".repeat(28_000) },
  "too much": { type: FORM, body: `token=${"x".repeat(TOO_MUCH_BYTES)}` },
  "far too much": { type: FORM, body: `token=${"x".repeat(TOO_MUCH_BYTES * 8)}` },
  "one very long value": { type: FORM, body: `grant_type=${"x".repeat(50_000)}` },
  JSON: { type: "application/json", body: '{"grant_type":"client_credentials"}' },
  "JSON said to be a form": { type: FORM, body: '{"grant_type":["a"],"token":{"a":1}}' },
  multipart: { type: "multipart/form-data; boundary=x", body: "--x\r\n\r\na\r\n--x--" },
  XML: { type: "text/xml", body: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' },
  "an unknown charset": { type: `${FORM}; charset=bogus`, body: "grant_type=a" },
  "a type that is none": { type: ";;;", body: "grant_type=a" },
};

const REGISTERED_WITH_ERROR = /^http:\/\/localhost:9999\/callback\?error=invalid_request&/;

describe("malformed input", () => {
  let server: TestServer;
  let client: TestClient;
  before(async () => {
    server = await startTestServer();
    client = await createTestClient(server, {
      grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    });
  });
  after(() => server.close());

  for (const [path, parameters] of Object.entries(FORM_ENDPOINTS)) {
    describe(`at ${path}`, () => {
      for (const [what, { type, body }] of Object.entries(BODIES)) {
        it(`${what}: an OAuth error as JSON, whatever Accept says (RFC 6749 §5.2)`, async () => {
          const answer = await post(path, body, type);
          expectOAuthError(answer);
        });
      }

      it("a repeated parameter is refused (RFC 6749 §3.2, AC-31)", async () => {
        for (const name of parameters) {
          const fields = validFields(path);
          fields.delete(name);
          fields.append(name, "first");
          fields.append(name, "second");
          const answer = await post(path, fields.toString(), FORM);
          expectOAuthError(answer);
          expect(oauthErrorOf(answer), name).to.equal("invalid_request");
        }
      });

      it("a parameter that nobody knows is ignored (RFC 6749 §3.2)", async () => {
        const fields = validFields(path);
        const expected = await post(path, fields.toString(), FORM);
        fields.append("no_such_parameter", "a");
        fields.append("no_such_parameter", "b");
        const answer = await post(path, fields.toString(), FORM);
        expect(answer.status).to.equal(expected.status);
      });
    });
  }

  it("an empty parameter is a missing one (RFC 6749 §3.2)", async () => {
    const fields = new URLSearchParams({ grant_type: "" });
    const empty = await post("/token", fields.toString(), FORM);
    const missing = await post("/token", "", FORM);
    expect([empty.status, oauthErrorOf(empty)]).to.deep.equal([
      missing.status,
      oauthErrorOf(missing),
    ]);
  });

  it("an unknown grant type is unsupported_grant_type (RFC 6749 §5.2)", async () => {
    for (const grantType of [
      "password",
      "implicit",
      "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ]) {
      const answer = await post("/token", `grant_type=${encodeURIComponent(grantType)}`, FORM);
      expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "unsupported_grant_type"]);
    }
  });

  describe("at /clients/register", () => {
    const values: Record<string, string> = {
      nothing: "",
      null: "null",
      "a number": "7",
      "a string": '"x"',
      "an array": "[]",
      "broken JSON": "{",
      "a member of the prototype": '{"__proto__":{"client_name":"x"},"redirect_uris":7}',
      "deep nesting": `{"jwks":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
      "too much": JSON.stringify({ client_name: "x".repeat(TOO_MUCH_BYTES) }),
      "a name that is no string": '{"client_name":{"a":1},"redirect_uris":["https://a.example"]}',
      "addresses that are no array": '{"redirect_uris":"https://a.example"}',
      "addresses that are no strings": '{"redirect_uris":[{},7,null]}',
      "keys that are none": '{"redirect_uris":["https://a.example"],"jwks":{"keys":[7,{}]}}',
      "lifetimes that are no numbers":
        '{"redirect_uris":["https://a.example"],"default_max_age":"x"}',
      "scopes that are no string": '{"redirect_uris":["https://a.example"],"scope":["openid"]}',
    };
    for (const [what, body] of Object.entries(values)) {
      it(`${what}: an OAuth error as JSON (RFC 7591 §3.2.2)`, async () => {
        const token = await server.app.clientAdministration.createInitialAccessToken(60);
        const answer = await rawRequest(`${server.issuer}/clients/register`, {
          method: "POST",
          headers: {
            "Content-Type": "application/json",
            Accept: "text/html",
            Authorization: `Bearer ${token}`,
          },
          body,
        });
        expectOAuthError(answer);
      });

      it(`${what}: the same in an update (RFC 7592 §2.2)`, async () => {
        const registered = await register(server, { redirect_uris: [REDIRECT_URI] });
        const answer = await rawRequest(registered.registrationUri, {
          method: "PUT",
          headers: {
            "Content-Type": "application/json",
            Accept: "text/html",
            Authorization: `Bearer ${registered.registrationToken}`,
          },
          body,
        });
        expectOAuthError(answer);
      });
    }
  });

  describe("at the authorization endpoint", () => {
    it("a repeated parameter is refused, and not to an address that was given twice (RFC 6749 §3.1, AC-31)", async () => {
      const parameters = { ...Object.fromEntries(validFields("/request")), state: "s", nonce: "n" };
      for (const name of Object.keys(parameters)) {
        const url = new URL(`${server.issuer}/auth`);
        url.search = new URLSearchParams(parameters).toString();
        url.searchParams.append(name, "second");
        const answer = await rawRequest(url, { headers: { Accept: "text/html" } });
        expect([name, answer.status]).to.be.deep.oneOf([
          [name, 303],
          [name, 400],
        ]);
        const location = String(answer.headers["location"] ?? "");
        if (name === "client_id") expect(location).to.equal("");
        // The only registered address, when the request names none that counts.
        if (location !== "") expect(location).to.match(REGISTERED_WITH_ERROR);
      }
    });

    const queries: Record<string, string> = {
      "broken percent signs": "client_id=%zz&redirect_uri=%E0%A4%A",
      "nested names": "client_id[]=a&client_id[x]=b&redirect_uri[__proto__]=c",
      "names of the prototype": "__proto__=a&constructor=b&hasOwnProperty=c",
      "no value": "client_id&redirect_uri&response_type",
      NUL: "client_id=%00&redirect_uri=%00",
      "line breaks": "client_id=a%0D%0AX-Injected:%201&redirect_uri=b",
      "only ampersands": "&".repeat(5000),
      markup: "client_id=%3Cscript%3Ealert(1)%3C%2Fscript%3E&redirect_uri=%22%3E%3Cimg%20src=x%3E",
      "template markup": "client_id=%7B%7B7*7%7D%7D&redirect_uri=%7B%25%20raw%20%25%7D",
      "a long state": `client_id=a&state=${"x".repeat(12_000)}`,
    };
    for (const [what, query] of Object.entries(queries)) {
      it(`${what}: an error page (AC-19, AC-20)`, async () => {
        const answer = await rawRequest(server.issuer, {
          path: `/auth?${query}`,
          headers: { Accept: "text/html" },
        });
        expect(answer.status).to.equal(400);
        expect(answer.headers).to.not.have.property("x-injected");
        expect(answer.headers["content-type"]).to.match(/^text\/html/);
        expect(answer.body).to.not.match(/<script>alert|<img src=x|\b49\b/);
      });
    }

    it("more than fits into headers is refused by the server itself", async () => {
      const answer = await rawRequest(server.issuer, { path: `/auth?state=${"x".repeat(20_000)}` });
      expect(answer.status).to.equal(431);
    });
  });

  describe("in cookies", () => {
    const cookies = [
      "=;=;;",
      "latchkey_session=%00; latchkey_session.sig=%00",
      `latchkey_session=${"x".repeat(4000)}; latchkey_session.sig=y`,
      "latchkey_session=a; latchkey_session=b; latchkey_interaction=../../x",
      "latchkey_request=garbage; latchkey_resume=garbage; latchkey_browser=garbage",
      "__proto__=1; constructor=2",
      "latchkey_session=\u00ff\u00fe",
    ];
    const paths = [
      "/auth?client_id=x",
      "/session/end",
      "/device",
      "/interaction/abc",
      "/auth/abc",
      "/device/abc",
      "/cookies/check",
    ];
    for (const cookie of cookies) {
      it(`${JSON.stringify(cookie.slice(0, 60))}: never a 5xx (AC-33)`, async () => {
        for (const path of paths) {
          const headers = { Accept: "text/html", Cookie: cookie };
          const answer = await rawRequest(server.issuer + path, { headers });
          expect(answer.status, path).to.be.within(200, 499);
        }
      });
    }
  });

  describe("in forms for people", () => {
    const paths = [
      "/device",
      "/session/end/confirm",
      "/interaction/abc/login",
      "/interaction/abc/consent",
      "/interaction/abc/cancel",
      "/interaction/abc/switch-account",
      "/interaction/abc/restart",
    ];
    for (const path of paths) {
      it(`at ${path}: never a 5xx`, async () => {
        for (const [what, { type, body }] of Object.entries(BODIES)) {
          const answer = await rawRequest(server.issuer + path, {
            method: "POST",
            headers: {
              Accept: "text/html",
              ...(type === undefined ? {} : { "Content-Type": type }),
            },
            body,
          });
          expect(answer.status, what).to.be.within(300, 499);
        }
      });
    }
  });

  function post(path: string, body: string | Buffer, type: string | undefined): Promise<RawAnswer> {
    return rawRequest(server.issuer + path, {
      method: "POST",
      headers: {
        Accept: "text/html",
        Authorization: basic(client),
        ...(type === undefined ? {} : { "Content-Type": type }),
      },
      body,
    });
  }

  function validFields(path: string): URLSearchParams {
    if (path === "/token") return new URLSearchParams({ grant_type: "client_credentials" });
    if (path.startsWith("/token/")) return new URLSearchParams({ token: "unknown" });
    return new URLSearchParams({
      client_id: client.clientId,
      response_type: "code",
      redirect_uri: REDIRECT_URI,
      scope: "openid",
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
    });
  }
});

function expectOAuthError(answer: RawAnswer): void {
  expect(answer.status, answer.body.slice(0, 300)).to.be.within(400, 499);
  expect(answer.headers["content-type"]).to.match(/^application\/json/);
  expect(oauthErrorOf(answer)).to.match(/^[a-z_]+$/);
}
