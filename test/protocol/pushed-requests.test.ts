import { expect } from "chai";
import { LIBRARIES, connect } from "../support/relying-party-libraries.js";
import { oauthErrorOf } from "../support/raw-request.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { authorize, createUserAgent } from "../support/user-agent.js";

const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

describe("pushed authorization requests (RFC 9126)", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  for (const library of LIBRARIES) {
    it(`signs a person in with a pushed request (${library.name})`, async () => {
      const client = await createTestClient(server);
      const rp = await library.connect(server, client);
      const { tokens } = await signInWith(server, rp, { pushed: true });
      expect(tokens.claims).to.include({ aud: client.clientId });
    });

    it(`serves a client that must push, and refuses its plain requests (§6, ${library.name})`, async () => {
      const client = await createTestClient(server, {
        require_pushed_authorization_requests: true,
      });
      const rp = await library.connect(server, client);
      const { tokens } = await signInWith(server, rp, { pushed: true });
      expect(tokens.claims).to.include({ aud: client.clientId });
      const { url } = await rp.begin();
      const { url: answer } = await createUserAgent(server.issuer).open(url);
      expect(answer.searchParams.get("error")).to.equal("invalid_request");
    });
  }

  it("takes a request_uri once (§4)", async () => {
    const rp = await connect(server, await createTestClient(server));
    const attempt = await rp.begin({}, { pushed: true });
    await authorize(createUserAgent(server.issuer), attempt.url, server);
    const page = await createUserAgent(server.issuer).open(attempt.url);
    expect(errorAtClient(page)).to.equal("invalid_request_uri");
  });

  it("refuses the request_uri of another client (§4)", async () => {
    const rp = await connect(server, await createTestClient(server));
    const other = await createTestClient(server);
    const { url } = await rp.begin({}, { pushed: true });
    url.searchParams.set("client_id", other.clientId);
    const page = await createUserAgent(server.issuer).open(url);
    expect(page.url.searchParams.has("code")).to.equal(false);
    expect(errorAtClient(page)).to.be.a("string");
  });

  it("refuses a request_uri that it did not give", async () => {
    const { clientId } = await createTestClient(server);
    for (const uri of ["urn:ietf:params:oauth:request_uri:none", "https://evil.example/request"]) {
      const url = new URL(`${server.issuer}/auth`);
      url.search = new URLSearchParams({ client_id: clientId, request_uri: uri }).toString();
      const page = await createUserAgent(server.issuer).open(url);
      expect(errorAtClient(page), uri).to.be.oneOf([
        "invalid_request_uri",
        "request_uri_not_supported",
      ]);
    }
  });

  it("answers 201 with a lifetime, and is never stored (§2.2)", async () => {
    const client = await createTestClient(server);
    const answer = await postForm(`${server.issuer}/request`, request(client.clientId), { client });
    expect(answer.status).to.equal(201);
    expect(answer.headers["cache-control"]).to.equal("no-store");
    const body = JSON.parse(answer.body) as { request_uri: string; expires_in: number };
    expect(body.request_uri).to.match(/^urn:ietf:params:oauth:request_uri:[\w-]{22,}$/);
    expect(body.expires_in).to.be.within(1, 600);
  });

  it("checks the request and the client at once (§2.1, §2.3)", async () => {
    const client = await createTestClient(server);
    const url = `${server.issuer}/request`;
    const fields = request(client.clientId);
    const wrongSecret = { client: { ...client, clientSecret: "wrong" } };
    const refused = await postForm(url, fields, wrongSecret);
    expect([refused.status, oauthErrorOf(refused)]).to.deep.equal([401, "invalid_client"]);
    const elsewhere = { ...fields, redirect_uri: "https://evil.example/callback" };
    const badUri = await postForm(url, elsewhere, { client });
    expect(badUri.status).to.equal(400);
    const nested = { ...fields, request_uri: "urn:ietf:params:oauth:request_uri:x" };
    const badNesting = await postForm(url, nested, { client });
    expect([badNesting.status, oauthErrorOf(badNesting)]).to.deep.equal([
      400,
      "request_uri_not_supported",
    ]);
  });

  /** A request that names its client and no redirect URI is answered at the only registered one. */
  function errorAtClient({ url }: { url: URL }): string | null {
    expect(url.href.startsWith("http://localhost:9999/callback")).to.equal(true);
    return url.searchParams.get("error");
  }

  function request(clientId: string): Record<string, string> {
    return {
      client_id: clientId,
      response_type: "code",
      scope: "openid",
      redirect_uri: "http://localhost:9999/callback",
      code_challenge: CHALLENGE,
      code_challenge_method: "S256",
    };
  }
});
