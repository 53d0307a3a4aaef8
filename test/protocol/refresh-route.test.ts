import { Agent } from "node:http";
import { expect } from "chai";
import * as oauth from "oauth4webapi";
import { generateDpopKey, signDpopProof } from "../support/dpop-proof.js";
import { oauthErrorOf, rawRequest, type RawAnswer } from "../support/raw-request.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { basic, postForm } from "../support/token-endpoint.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

const FORM = "application/x-www-form-urlencoded";

describe("POST /token/refresh, the refresh grant at an address of its own (RFC 6749 §6)", () => {
  let server: TestServer;
  let url: string;
  let agent: UserAgent;
  let client: TestClient;
  before(async () => {
    server = await startTestServer();
    url = `${server.issuer}/token/refresh`;
    agent = createUserAgent(server.issuer);
    client = await createTestClient(server);
  });
  after(() => server.close());

  it("answers a client library that takes it for the token endpoint", async () => {
    const as = { issuer: server.issuer, token_endpoint: url };
    const rp = { client_id: client.clientId, id_token_signed_response_alg: "RS256" };
    const response = await oauth.refreshTokenGrantRequest(
      as,
      rp,
      oauth.ClientSecretBasic(client.clientSecret ?? ""),
      await refreshToken(),
      { [oauth.allowInsecureRequests]: true },
    );
    const tokens = await oauth.processRefreshTokenResponse(as, rp, response);
    expect(tokens).to.include.keys("access_token", "refresh_token");
  });

  it("takes a form or JSON, with grant_type or without", async () => {
    const named = { refresh_token: await refreshToken(), grant_type: "refresh_token" };
    expect((await postForm(url, named, { client })).status).to.equal(200);
    const form = await postForm(url, { refresh_token: await refreshToken() }, { client });
    expect(form.status).to.equal(200);
    const json = await postJson({ refresh_token: await refreshToken() });
    expect([json.status, json.headers["cache-control"]]).to.deep.equal([200, "no-store"]);
    expect(Object.keys(parse(json))).to.include.members(["access_token", "refresh_token"]);
  });

  it("takes the client's credentials from the body, too", async () => {
    const { clientId, clientSecret = "" } = client;
    const body = { refresh_token: await refreshToken(), client_id: clientId };
    const answer = await postJson({ ...body, client_secret: clientSecret }, {});
    expect(answer.status).to.equal(200);
    const wrong = await postJson({ ...body, client_secret: "wrong" }, {});
    expect([wrong.status, oauthErrorOf(wrong)]).to.deep.equal([401, "invalid_client"]);
  });

  it("rotates, and ends the family when an old token comes back at either address", async () => {
    const first = await refreshToken();
    const second = parse(await postJson({ refresh_token: first }))["refresh_token"];
    expect(second).to.be.a("string").and.not.equal(first);
    const replayed = await postJson({ refresh_token: first });
    expect([replayed.status, oauthErrorOf(replayed)]).to.deep.equal([400, "invalid_grant"]);
    const fields = { grant_type: "refresh_token", refresh_token: String(second) };
    const after = await postForm(`${server.issuer}/token`, fields, { client });
    expect(oauthErrorOf(after)).to.equal("invalid_grant");
  });

  it("lets one of ten that come at once through", async () => {
    const token = await refreshToken();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => postJson({ refresh_token: token })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).to.have.length(1);
    expect(statuses.filter((status) => status === 400)).to.have.length(9);
  });

  it("takes DPoP proofs made for its own address, and for no other (RFC 9449 §4.3)", async () => {
    const keyPair = await generateDpopKey();
    const bound = await createTestClient(server, { token_endpoint_auth_method: "none" });
    const rp = await connect(server, bound, { dpop: keyPair });
    const { tokens } = await signInWith(server, rp, { agent });
    const fields = { client_id: bound.clientId, refresh_token: tokens.refresh_token ?? "" };
    const send = async (to: string, key = keyPair) =>
      postForm(url, fields, {
        headers: { DPoP: await signDpopProof(key, { method: "POST", url: to }) },
      });
    const elsewhere = await send(`${server.issuer}/token`);
    expect(oauthErrorOf(elsewhere)).to.equal("invalid_dpop_proof");
    expect(oauthErrorOf(await send(url, await generateDpopKey()))).to.equal("invalid_grant");
    expect(parse(await send(url))["token_type"]).to.equal("DPoP");
  });

  it("is for no other grant", async () => {
    for (const grantType of ["client_credentials", "authorization_code", ""]) {
      const fields = { grant_type: grantType, refresh_token: "x" };
      const answer = await postForm(url, fields, { client });
      expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_request"]);
    }
  });

  it("refuses bodies that it does not understand, in the form of OAuth errors", async () => {
    const bodies: [type: string, body: string, status: number][] = [
      ["application/json", "", 400],
      ["application/json", "{", 400],
      ["application/json", "null", 400],
      ["application/json", "[]", 400],
      ["application/json", '"refresh_token"', 400],
      ["application/json", '{"refresh_token":1}', 400],
      ["application/json", '{"refresh_token":null}', 400],
      ["application/json", '{"refresh_token":{"a":"b"}}', 400],
      ["application/json", '{"refresh_token":["a","b"]}', 400],
      ["application/json", '{"refresh_token":[["a"]]}', 400],
      ["application/json", '{"refresh_token":"a","refresh_token":"b"}', 400],
      ["application/json", '{"refresh_token":"a","\\u0072efresh_token":"b"}', 400],
      ["application/json", `{"refresh_token":"${"x".repeat(60_000)}"}`, 413],
      ["application/json", `{"refresh_token":${"[".repeat(20_000)}`, 400],
      [FORM, "refresh_token=a&refresh_token=b", 400],
      [FORM, `refresh_token=${"x".repeat(60_000)}`, 413],
      [FORM, "", 400],
      ["text/plain", "refresh_token=a", 400],
      ["multipart/form-data; boundary=x", "--x--", 400],
    ];
    for (const [type, body, status] of bodies) {
      const answer = await rawRequest(url, {
        method: "POST",
        headers: { "Content-Type": type, Authorization: basic(client) },
        body,
      });
      const what = `${type} ${body.slice(0, 60)}`;
      expect([what, answer.status]).to.deep.equal([what, status]);
      expect(oauthErrorOf(answer), what).to.equal("invalid_request");
      expect(answer.headers["cache-control"], what).to.equal("no-store");
    }
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x22, 0x22, 0x7d]);
    const answer = await rawRequest(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: bytes,
    });
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_request"]);
  });

  it("does not take a member of a JSON object for a property of the language", async () => {
    const answer = await rawRequest(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: basic(client) },
      body: '{"__proto__":"x","constructor":"y","refresh_token":"a:\\"b\\":c"}',
    });
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_grant"]);
  });

  it("leaves the connection open for the next request", async () => {
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    kept.on("free", (socket) => sockets.add(socket));
    for (const token of [await refreshToken(), await refreshToken(), "unknown"]) {
      await rawRequest(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: basic(client) },
        body: JSON.stringify({ refresh_token: token }),
        agent: kept,
      });
    }
    kept.destroy();
    expect(sockets.size).to.equal(1);
  });

  it("answers browsers as the token endpoint does (OAuth 2.1 §3.1)", async () => {
    const origin = "https://spa.example";
    const spa = await createTestClient(server, {
      redirect_uris: [`${origin}/callback`],
      token_endpoint_auth_method: "none",
    });
    const preflight = await rawRequest(url, {
      method: "OPTIONS",
      headers: { Origin: origin, "Access-Control-Request-Method": "POST" },
    });
    expect([preflight.status, preflight.headers["access-control-allow-methods"]]).to.deep.equal([
      204,
      "POST",
    ]);
    const fields = { client_id: spa.clientId, refresh_token: "x" };
    const own = await postForm(url, fields, { headers: { Origin: origin } });
    expect(own.headers["access-control-allow-origin"]).to.equal(origin);
    const other = await postForm(url, fields, { headers: { Origin: "https://evil.example" } });
    expect(other.headers).to.not.have.property("access-control-allow-origin");
    const broken = await rawRequest(url, {
      method: "POST",
      headers: { Origin: origin, "Content-Type": "application/json" },
      body: "{",
    });
    expect(broken.headers["access-control-allow-origin"]).to.equal(origin);
  });

  it("tells the audit trail what the token endpoint tells it, and logs the called path", async () => {
    const token = await refreshToken();
    const from = server.logs.length;
    await postJson({ refresh_token: token });
    await postJson({ refresh_token: token });
    const lines = server.logs.slice(from);
    const events = lines.filter(({ audit }) => audit === true).map(({ event }) => event);
    expect(events).to.include.members(["token.refreshed", "token.replayed", "token.refused"]);
    const paths = lines.filter(({ msg }) => msg === "request").map(({ path }) => path);
    expect(new Set(paths)).to.deep.equal(new Set(["/token/refresh"]));
  });

  it("is there for POST only, below the path of the issuer", async () => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      expect((await rawRequest(url, { method })).status, method).to.equal(404);
    }
    expect((await rawRequest(`${url}/x`, { method: "POST" })).status).to.equal(404);
  });

  it("revocation and introspection take forms; of JSON they say so (RFC 7009 §2.1, RFC 7662 §2.1)", async () => {
    for (const path of ["/token/revoke", "/token/introspect"]) {
      const form = await postForm(server.issuer + path, { token: "x" }, { client });
      expect([path, form.status]).to.deep.equal([path, 200]);
      const json = await rawRequest(server.issuer + path, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: basic(client) },
        body: '{"token":"x"}',
      });
      expect([json.status, oauthErrorOf(json)]).to.deep.equal([400, "invalid_request"]);
      expect(json.body).to.include("only application/x-www-form-urlencoded");
    }
  });

  async function refreshToken(): Promise<string> {
    const { tokens } = await signInWith(server, await connect(server, client), { agent });
    return tokens.refresh_token ?? "";
  }

  function postJson(
    body: object,
    headers: Record<string, string> = { Authorization: basic(client) },
  ): Promise<RawAnswer> {
    return rawRequest(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  }
});

function parse({ body }: RawAnswer): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}
