import { expect } from "chai";
import { generateDpopKey, signDpopProof } from "../support/dpop-proof.js";
import { oauthErrorOf, rawRequest, type RawAnswer } from "../support/raw-request.js";
import { connect } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { signInWith } from "../support/sign-in-with.js";
import { createMachineClient, createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

describe("the API inside the server (GET /protected-resource)", () => {
  let server: TestServer;
  let api: string;
  before(async () => {
    server = await startTestServer();
    api = `${server.issuer}/protected-resource`;
    await server.app.resourceServers.create({
      identifier: api,
      name: "Example API",
      scopes: { "example:read": "Read the example data" },
      accessTokenFormat: "jwt",
      open: true,
      publishMetadata: true,
    });
  });
  after(() => server.close());

  const ask = (headers: Record<string, string | string[]> = {}, path = ""): Promise<RawAnswer> =>
    rawRequest(api + path, { headers });
  const bearer = (token: string, path = "") => ask({ Authorization: `Bearer ${token}` }, path);
  const challengeOf = ({ headers }: RawAnswer) => String(headers["www-authenticate"]);
  async function jwtOf(options: object = {}) {
    const client = await createTestClient(server);
    const rp = await connect(server, client, options);
    const { tokens } = await signInWith(server, rp, {
      parameters: { resource: api, scope: "openid example:read" },
    });
    const issued = await rp.refresh(tokens.refresh_token ?? "", { resource: api });
    return { client, token: issued.access_token };
  }

  it("accepts a JWT for it, and says what it found", async () => {
    const { client, token } = await jwtOf();
    const answer = await bearer(token);
    expect(answer.status, answer.body).to.equal(200);
    expect(JSON.parse(answer.body)).to.include({
      client_id: client.clientId,
      scope: "example:read",
      format: "jwt",
    });
  });

  it("accepts an opaque token of this server", async () => {
    const { tokens, subject } = await signInWith(
      server,
      await connect(server, await createTestClient(server)),
    );
    const answer = await bearer(tokens.access_token);
    expect(JSON.parse(answer.body)).to.include({ sub: subject, format: "opaque" });
  });

  it("says where to get a token, and names no error, when none was sent (RFC 6750 §3.1)", async () => {
    const answer = await ask();
    expect(answer.status).to.equal(401);
    expect(challengeOf(answer))
      .to.include(`Bearer realm="${api}"`)
      .and.include("DPoP realm=")
      .and.include('/.well-known/oauth-protected-resource/protected-resource"')
      .and.not.include("error");
  });

  it("refuses two tokens with invalid_request (RFC 6750 §3.1)", async () => {
    const { token } = await jwtOf();
    const header = `Bearer ${token}`;
    const answer = await ask({ Authorization: [header, header] });
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_request"]);
  });

  it("refuses a token that was revoked, JWT or opaque, at once", async () => {
    const { client, token } = await jwtOf();
    expect((await bearer(token)).status).to.equal(200);
    await postForm(`${server.issuer}/token/revoke`, { token }, { client });
    const answer = await bearer(token);
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([401, "invalid_token"]);

    const machine = await createMachineClient(server);
    const fields = { grant_type: "client_credentials" };
    const issued = await postForm(`${server.issuer}/token`, fields, { client: machine });
    const { access_token: opaque } = JSON.parse(issued.body) as { access_token: string };
    expect((await bearer(opaque)).status).to.equal(200);
    await postForm(`${server.issuer}/token/revoke`, { token: opaque }, { client: machine });
    expect((await bearer(opaque)).status).to.equal(401);
  });

  it("takes a DPoP-bound token with a proof, once, and never as a bearer token (RFC 9449 §7)", async () => {
    const keyPair = await generateDpopKey();
    const { token } = await jwtOf({ dpop: keyPair });
    const proof = await signDpopProof(keyPair, { method: "GET", url: api, accessToken: token });
    const headers = { Authorization: `DPoP ${token}`, DPoP: proof };
    const first = await ask(headers);
    expect(first.status, first.body).to.equal(200);
    const again = await ask(headers);
    expect([again.status, oauthErrorOf(again)]).to.deep.equal([401, "invalid_dpop_proof"]);
    const asBearer = await bearer(token);
    expect([asBearer.status, oauthErrorOf(asBearer)]).to.deep.equal([401, "invalid_token"]);
    const other = await signDpopProof(await generateDpopKey(), {
      method: "GET",
      url: api,
      accessToken: token,
    });
    const stolen = await ask({ Authorization: `DPoP ${token}`, DPoP: other });
    expect([stolen.status, oauthErrorOf(stolen)]).to.deep.equal([401, "invalid_token"]);
  });

  it("takes an opaque DPoP-bound token with a proof, too", async () => {
    const keyPair = await generateDpopKey();
    const machine = await createMachineClient(server);
    const url = `${server.issuer}/token`;
    const issued = await postForm(
      url,
      { grant_type: "client_credentials" },
      {
        client: machine,
        headers: { DPoP: await signDpopProof(keyPair, { method: "POST", url }) },
      },
    );
    const { access_token: token } = JSON.parse(issued.body) as { access_token: string };
    expect((await bearer(token)).status).to.equal(401);
    const proof = await signDpopProof(keyPair, { method: "GET", url: api, accessToken: token });
    const answer = await ask({ Authorization: `DPoP ${token}`, DPoP: proof });
    expect(answer.status, answer.body).to.equal(200);
  });
});

describe("the API inside the server: a recent sign-in (RFC 9470)", () => {
  it("is asked for when the sign-in is older than five minutes", async () => {
    const server = await startTestServer();
    try {
      const api = `${server.issuer}/protected-resource`;
      await server.app.resourceServers.create({
        identifier: api,
        name: "Example API",
        scopes: { "example:read": "Read the example data" },
        accessTokenFormat: "jwt",
        open: true,
      });
      const rp = await connect(server, await createTestClient(server));
      const { tokens } = await signInWith(server, rp, {
        parameters: { resource: api, scope: "openid example:read" },
      });
      const issued = await rp.refresh(tokens.refresh_token ?? "", { resource: api });
      const headers = { Authorization: `Bearer ${issued.access_token}` };
      const fresh = await rawRequest(`${api}/recent-sign-in`, { headers });
      expect(fresh.status, fresh.body).to.equal(200);
      expect(JSON.parse(fresh.body)).to.have.property("auth_time").that.is.a("number");
      const [plain, answer] = await laterBy(320, async () => [
        await rawRequest(api, { headers }),
        await rawRequest(`${api}/recent-sign-in`, { headers }),
      ]);
      expect(plain?.status).to.equal(200);
      if (answer === undefined) throw new Error("no answer");
      expect(answer.status).to.equal(401);
      expect(String(answer.headers["www-authenticate"]))
        .to.include('error="insufficient_user_authentication"')
        .and.include('max_age="300"');
    } finally {
      await server.close();
    }
  });
});
