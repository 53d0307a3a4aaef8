import { expect } from "chai";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { LIBRARIES, connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { REDIRECT_URI, createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

describe("response modes", () => {
  let server: TestServer;
  /** Signed in once; each client of a test gets its own grant. */
  let shared: UserAgent;
  before(async () => {
    server = await startTestServer();
    shared = createUserAgent(server.issuer);
  });
  after(() => server.close());

  describe("jwt (JARM)", () => {
    for (const library of LIBRARIES) {
      for (const alg of ["RS256", "ES256"]) {
        it(`answers with a JWT that verifies, ${alg} (§2.1, ${library.name})`, async () => {
          const client = await createTestClient(server, { authorization_signed_response_alg: alg });
          const rp = await library.connect(server, client, { jwtResponses: true });
          const { tokens, callback } = await signInWith(server, rp, { agent: shared });
          expect(tokens.claims).to.include({ aud: client.clientId });
          expect([...callback.searchParams.keys()]).to.deep.equal(["response"]);
          const response = callback.searchParams.get("response") ?? "";
          expect(decodeProtectedHeader(response)).to.include({ alg });
          const claims = decodeJwt(response);
          expect(claims).to.include({ iss: server.issuer, aud: client.clientId });
          expect(claims).to.include.keys("exp", "code", "state");
        });
      }
    }

    it("answers errors in a JWT too (§2.1)", async () => {
      const rp = await connect(server, await createTestClient(server), { jwtResponses: true });
      const { url } = await rp.begin({ prompt: "none" });
      const { url: answer } = await createUserAgent(server.issuer).open(url);
      const claims = decodeJwt(answer.searchParams.get("response") ?? "");
      expect(claims).to.include({ error: "login_required", iss: server.issuer });
    });
  });

  describe("form_post (OAuth 2.0 Form Post Response Mode)", () => {
    for (const redirectUri of [REDIRECT_URI, "https://client.example/callback"]) {
      it(`posts the answer to ${new URL(redirectUri).origin} in a page that our policy lets work`, async () => {
        const client = await createTestClient(server, { redirect_uris: [redirectUri] });
        const rp = await connect(server, client);
        await signInWith(server, rp, { agent: shared });
        const attempt = await rp.begin({ response_mode: "form_post" });
        const page = await shared.open(attempt.url);
        expect([page.status, formAction(page)]).to.deep.equal([200, redirectUri]);
        expectWorkingForm(page, redirectUri);
        const callback = new URL(redirectUri);
        for (const [, name = "", value = ""] of page.html.matchAll(
          /name="(\w+)" value="([^"]*)"/g,
        )) {
          callback.searchParams.set(name, value);
        }
        expect(callback.searchParams.get("iss")).to.equal(server.issuer);
        expect((await rp.redeem(attempt, callback)).claims).to.include({ aud: client.clientId });
      });
    }

    it("posts errors too, with their markup escaped (AC-19)", async () => {
      const rp = await connect(server, await createTestClient(server));
      const evil = `"><script>alert(1)</script>`;
      const { url } = await rp.begin({ response_mode: "form_post", prompt: "none", state: evil });
      const page = await createUserAgent(server.issuer).open(url);
      expect([page.status, formAction(page)]).to.deep.equal([400, REDIRECT_URI]);
      expectWorkingForm(page, REDIRECT_URI);
      expect(page.html).to.include("login_required").and.not.include("<script>alert");
    });

    it("posts after a sign-in through our pages", async () => {
      const rp = await connect(server, await createTestClient(server));
      const { url } = await rp.begin({ response_mode: "form_post" });
      const agent = createUserAgent(server.issuer);
      const { username, password } = server;
      const fields = { identifier: username, password };
      const consent = await agent.submit(await agent.open(url), fields, { action: /\/login$/ });
      const page = await agent.submit(consent, { decision: "allow" }, { action: /\/consent$/ });
      expect(formAction(page)).to.equal(REDIRECT_URI);
      expectWorkingForm(page, REDIRECT_URI);
    });
  });

  describe("other pages of the library that submit themselves", () => {
    it("the form that signs out somebody who is not signed in leads on to the client", async () => {
      const address = "https://client.example/signed-out";
      const client = await createTestClient(server, { post_logout_redirect_uris: [address] });
      const url = new URL(`${server.issuer}/session/end`);
      url.searchParams.set("client_id", client.clientId);
      url.searchParams.set("post_logout_redirect_uri", address);
      expectWorkingForm(await createUserAgent(server.issuer).open(url), address);
    });
  });

  it("uses the query for code, and refuses the fragment-only modes of other flows", async () => {
    const rp = await connect(server, await createTestClient(server));
    const query = await rp.begin({ response_mode: "query" });
    const callback = await authorize(createUserAgent(server.issuer), query.url, server);
    expect(callback.searchParams.has("code")).to.equal(true);
    for (const mode of ["web_message", "unknown"]) {
      const { url } = await rp.begin({ response_mode: mode });
      const page = await createUserAgent(server.issuer).open(url);
      const error = page.url.searchParams.get("error") ?? (page.status === 400 ? "page" : "");
      expect(error, mode).to.be.oneOf(["unsupported_response_mode", "invalid_request", "page"]);
    }
  });
});

function formAction(page: Page): string | undefined {
  return /<form method="post" action="([^"]*)"/.exec(page.html)?.[1];
}

/** The inline script runs, and the post and the redirects after it may lead to `address`. */
function expectWorkingForm(page: Page, address: string): void {
  const policy = page.headers.get("Content-Security-Policy") ?? "";
  const directive = (name: string) =>
    policy.split(/; ?/).find((part) => part.startsWith(`${name} `)) ?? "";
  expect(directive("script-src")).to.match(/'sha256-[\w+/]{43}='/);
  expect(policy).to.not.include("unsafe-inline");
  const { protocol, hostname } = new URL(address);
  const source = protocol === "https:" ? "https:" : `http://${hostname}:*`;
  expect(directive("form-action").split(" ")).to.include("'self'").and.include(source);
}
