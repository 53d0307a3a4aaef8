import { expect } from "chai";
import { calculateJwkThumbprint, decodeJwt, exportJWK } from "jose";
import { AUTHORIZATION_CHALLENGE } from "../../src/oidc/grant-types.js";
import { generateDpopKey, signDpopProof } from "../support/dpop-proof.js";
import {
  createChallenge,
  createDirectClient,
  createNativeDirectClient,
  membersOf,
  type Sending,
} from "../support/first-party.js";
import { oauthErrorOf, rawRequest, type RawAnswer } from "../support/raw-request.js";
import { API, createTestApis, createTestClient, type TestClient } from "../support/test-client.js";
import { laterBy } from "../support/shift-time.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { authorize, createUserAgent } from "../support/user-agent.js";

describe("POST /authorize-challenge (draft-ietf-oauth-first-party-apps-04)", () => {
  let server: TestServer;
  let url: string;
  let client: TestClient;
  before(async () => {
    server = await startTestServer();
    url = `${server.issuer}/authorize-challenge`;
    client = await createDirectClient(server);
    await createTestApis(server);
  });
  after(() => server.close());

  type Fields = Record<string, string>;
  const person = (): Fields => ({ username: server.username, password: server.password });
  const send = (fields: Fields, as: Sending = { client }) => postForm(url, fields, as);

  /** A whole request, with the verifier that goes with it. */
  function request(more: Fields = {}) {
    const { verifier, parameters } = createChallenge();
    return {
      verifier,
      fields: { response_type: "code", scope: "openid", ...parameters, ...more },
    };
  }

  const redeem = (
    code: unknown,
    verifier: string,
    { fields = {}, ...as }: Sending & { fields?: Fields } = { client },
  ) =>
    postForm(
      `${server.issuer}/token`,
      {
        grant_type: "authorization_code",
        code: String(code),
        code_verifier: verifier,
        ...fields,
      },
      as,
    );

  const codeOf = (answer: RawAnswer) => membersOf(answer)["authorization_code"];

  it("is told of in the metadata (§8)", async () => {
    const answer = await rawRequest(`${server.issuer}/.well-known/oauth-authorization-server`);
    expect(membersOf(answer)).to.include({ authorization_challenge_endpoint: url });
  });

  it("gives a code for a password, which is redeemed with PKCE and no redirect URI (§5.2.1, §6)", async () => {
    const { verifier, fields } = request({ nonce: "a-nonce" });
    const answer = await send({ ...fields, ...person() });
    expect([answer.status, answer.headers["cache-control"]]).to.deep.equal([200, "no-store"]);
    const tokens = await redeem(codeOf(answer), verifier);
    expect(tokens.status).to.equal(200);
    expect(decodeJwt(String(membersOf(tokens)["id_token"]))).to.deep.include({
      nonce: "a-nonce",
      acr: "urn:latchkey:acr:pwd",
      amr: ["pwd"],
    });
  });

  it("asks for what is missing, step by step (§5.2.2.1, §5.3.1)", async () => {
    const { verifier, fields } = request();
    const first = await send(fields);
    expect([first.status, oauthErrorOf(first)]).to.deep.equal([403, "insufficient_authorization"]);
    expect(membersOf(first)).to.include({ password_required: true });
    const second = await send({ ...sessionOf(first), username: server.username });
    expect(oauthErrorOf(second)).to.equal("insufficient_authorization");
    const wrong = await send({ ...sessionOf(second), password: "wrong" });
    expect([wrong.status, oauthErrorOf(wrong)]).to.deep.equal([400, "invalid_grant"]);
    const right = await send({ ...sessionOf(wrong), password: server.password });
    expect((await redeem(codeOf(right), verifier)).status).to.equal(200);
  });

  it("issues JWTs for the APIs that were asked for (RFC 8707 §2.1)", async () => {
    const { verifier, fields } = request({ resource: API, scope: "openid orders:read" });
    const answer = await send({ ...fields, ...person() });
    const tokens = await redeem(codeOf(answer), verifier, { client, fields: { resource: API } });
    expect(decodeJwt(String(membersOf(tokens)["access_token"]))).to.include({
      aud: API,
      scope: "orders:read",
    });
    const unknown = await send({ ...fields, ...person(), resource: "https://unknown.example" });
    expect(oauthErrorOf(unknown)).to.equal("invalid_target");
  });

  it("lets a code be redeemed once, also of ten attempts at once (RFC 6749 §4.1.2)", async () => {
    const { verifier, fields } = request();
    const code = codeOf(await send({ ...fields, ...person() }));
    const attempts = await Promise.all(Array.from({ length: 10 }, () => redeem(code, verifier)));
    const tokens = attempts.filter(({ status }) => status === 200);
    expect(tokens).to.have.length(1);
    const [won] = tokens.map(membersOf);
    const active = await postForm(
      `${server.issuer}/token/introspect`,
      { token: String(won?.["access_token"]) },
      { client },
    );
    expect(membersOf(active)).to.deep.equal({ active: false });
  });

  it("does not redeem a code without its verifier, or by another client", async () => {
    const { verifier, fields } = request();
    const newCode = async () => codeOf(await send({ ...fields, ...person() }));
    const others = await createDirectClient(server);
    for (const attempt of [
      redeem(await newCode(), createChallenge().verifier),
      redeem(await newCode(), ""),
      redeem(await newCode(), verifier, { client: others }),
      redeem(await newCode(), verifier, {
        client,
        fields: { redirect_uri: "http://localhost:9999/callback" },
      }),
    ]) {
      const answer = await attempt;
      expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_grant"]);
    }
  });

  it("demands the redirect URI of a code that went through a browser, as ever", async () => {
    const redirectUris = ["http://localhost:9999/callback", "http://localhost:9999/other"];
    const two = await createDirectClient(server, { redirect_uris: redirectUris });
    const { verifier, fields } = request();
    const query = new URLSearchParams({
      ...fields,
      client_id: two.clientId,
      redirect_uri: redirectUris[0] ?? "",
    });
    const agent = createUserAgent(server.issuer);
    const begin = new URL(`${server.issuer}/auth?${query.toString()}`);
    const callback = await authorize(agent, begin, server);
    const answer = await redeem(callback.searchParams.get("code"), verifier, { client: two });
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_request"]);
  });

  it("demands response_type=code and PKCE, whatever the settings say (§5.1)", async () => {
    const { fields } = request(person());
    const { code_challenge: challenge = "" } = fields as Fields;
    const wrong: Fields[] = [
      { response_type: "token" },
      { response_type: "" },
      { code_challenge: "" },
      { code_challenge_method: "plain" },
      { code_challenge_method: "" },
      { code_challenge: challenge.slice(1) },
      { code_challenge: `${challenge.slice(1)}!` },
    ];
    for (const difference of wrong) {
      const answer = await send({ ...fields, ...difference });
      const what = JSON.stringify(difference);
      expect([what, answer.status, oauthErrorOf(answer)]).to.deep.equal([
        what,
        400,
        "invalid_request",
      ]);
    }
  });

  it("sends people to a browser when a password is not enough, with their request (§5.2.2.1.1)", async () => {
    const { verifier, fields } = request({ acr_values: "urn:example:strong", state: "s" });
    const answer = await send({ ...fields, username: server.username });
    const { error, request_uri, expires_in } = membersOf(answer);
    expect([answer.status, error, expires_in]).to.deep.equal([403, "redirect_to_web", 60]);
    expect(request_uri).to.match(/^urn:ietf:params:oauth:request_uri:/);

    const begin = new URL(`${server.issuer}/auth`);
    begin.searchParams.set("client_id", client.clientId);
    begin.searchParams.set("request_uri", String(request_uri));
    const callback = await authorize(createUserAgent(server.issuer), begin, server);
    expect(callback.searchParams.get("state")).to.equal("s");
    const redirect = { redirect_uri: "http://localhost:9999/callback" };
    const code = callback.searchParams.get("code");
    expect((await redeem(code, verifier, { client, fields: redirect })).status).to.equal(200);
  });

  it("leaves request_uri out when nobody knows where a browser would return to", async () => {
    const two = await createDirectClient(server, {
      redirect_uris: ["http://localhost:9999/callback", "http://localhost:9999/other"],
    });
    const { fields } = request({ acr_values: "urn:example:strong" });
    for (const redirect of [{}, { redirect_uri: "https://evil.example" }]) {
      const answer = await send({ ...fields, ...redirect }, { client: two });
      expect(oauthErrorOf(answer)).to.equal("redirect_to_web");
      expect(membersOf(answer)).to.not.have.property("request_uri");
    }
    const named = { redirect_uri: "http://localhost:9999/other" };
    expect(membersOf(await send({ ...fields, ...named }, { client: two }))).to.have.property(
      "request_uri",
    );
  });

  describe("auth_session (§5.3.1, §9.6)", () => {
    it("belongs to its client", async () => {
      const stolen = sessionOf(await send(request().fields));
      const thief = await createDirectClient(server);
      const answer = await send({ ...stolen, ...person() }, { client: thief });
      expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_session"]);
    });

    it("is refused when forged, cut or of something else", async () => {
      const { auth_session: sealed = "" } = sessionOf(await send(request().fields));
      const forged = ["x", "v1.", sealed.slice(0, -1), `${sealed}A`, `v2${sealed.slice(2)}`];
      for (const value of forged) {
        const answer = await send({ auth_session: value, ...person() });
        expect([value, oauthErrorOf(answer)]).to.deep.equal([value, "invalid_session"]);
      }
    });

    it("cannot be read, and holds no password", async () => {
      const first = sessionOf(await send({ ...request().fields, username: "a-user-name" }));
      expect(Buffer.from(first["auth_session"] ?? "", "base64url").toString("latin1")).to.not.match(
        /a-user-name|openid/,
      );
      const failed = await send({ ...request().fields, ...person(), password: "wrong" });
      const again = await send(sessionOf(failed));
      expect(oauthErrorOf(again)).to.equal("insufficient_authorization");
    });

    it("proves nothing about a person: used twice at once, each code has taken the password", async () => {
      const { verifier, fields } = request();
      const session = sessionOf(await send(fields));
      const answers = await Promise.all([
        send({ ...session, ...person() }),
        send({ ...session, ...person() }),
        send({ ...session, username: server.username }),
        send({ ...session, username: server.username, password: "wrong" }),
      ]);
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 403, 400]);
      const codes = new Set(answers.slice(0, 2).map(codeOf));
      expect(codes.size).to.equal(2);
      for (const code of codes) expect((await redeem(code, verifier)).status).to.equal(200);
    });

    it("ends after ten minutes", async () => {
      const session = sessionOf(await send(request().fields));
      const goOn = () => send({ ...session, ...person() });
      expect((await laterBy(595, goOn)).status).to.equal(200);
      expect(oauthErrorOf(await laterBy(605, goOn))).to.equal("invalid_session");
    });
  });

  describe("DPoP (§9.5.1, §9.6.1)", () => {
    it("binds session, code and tokens to the key of the first proof", async () => {
      const [key, other] = [await generateDpopKey(), await generateDpopKey()];
      const { verifier, fields } = request();
      const first = await send(fields, await proven(key));
      const stolen = await send({ ...sessionOf(first), ...person() }, await proven(other));
      expect(oauthErrorOf(stolen)).to.equal("invalid_session");
      const bare = await send({ ...sessionOf(first), ...person() });
      expect(oauthErrorOf(bare)).to.equal("invalid_session");

      const newCode = async () =>
        codeOf(await send({ ...sessionOf(first), ...person() }, await proven(key)));
      const token = `${server.issuer}/token`;
      expect(oauthErrorOf(await redeem(await newCode(), verifier))).to.equal("invalid_grant");
      const wrong = await redeem(await newCode(), verifier, await proven(other, token));
      expect(oauthErrorOf(wrong)).to.equal("invalid_grant");
      const tokens = await redeem(await newCode(), verifier, await proven(key, token));
      expect(membersOf(tokens)).to.include({ token_type: "DPoP" });
    });

    it("takes a proof once, for this address, and of the key that dpop_jkt names", async () => {
      const key = await generateDpopKey();
      const { fields } = request(person());
      const proof = await proven(key);
      expect((await send(fields, proof)).status).to.equal(200);
      expect(oauthErrorOf(await send(fields, proof))).to.equal("invalid_request");
      const elsewhere = await send(fields, await proven(key, `${server.issuer}/token`));
      expect(oauthErrorOf(elsewhere)).to.equal("invalid_dpop_proof");
      const mismatch = { ...fields, dpop_jkt: "another" };
      expect(oauthErrorOf(await send(mismatch, await proven(key)))).to.equal("invalid_request");
    });

    it("binds the code to dpop_jkt without a proof, too (RFC 9449 §10)", async () => {
      const key = await generateDpopKey();
      const jkt = await calculateJwkThumbprint(await exportJWK(key.publicKey));
      const { verifier, fields } = request(person());
      const newCode = async () => codeOf(await send({ ...fields, dpop_jkt: jkt }));
      expect(oauthErrorOf(await redeem(await newCode(), verifier))).to.equal("invalid_grant");
      const to = await proven(key, `${server.issuer}/token`);
      expect((await redeem(await newCode(), verifier, to)).status).to.equal(200);
    });

    async function proven(key: CryptoKeyPair, to = url): Promise<Sending> {
      const proof = await signDpopProof(key, { method: "POST", url: to });
      return { client, headers: { DPoP: proof } };
    }
  });

  it("takes public native applications, whose codes nobody else redeems (§9.4)", async () => {
    const native = await createNativeDirectClient(server);
    const { verifier, fields } = request({ client_id: native.clientId });
    const answer = await send({ ...fields, ...person() }, {});
    expect(answer.status).to.equal(200);
    const tokens = await redeem(codeOf(answer), verifier, {
      fields: { client_id: native.clientId },
    });
    expect(tokens.status).to.equal(200);
    const { client_id: _clientId, ...anonymous } = fields as Fields;
    const unnamed = await send({ ...anonymous, ...person() }, {});
    expect(unnamed.status).to.equal(400);
  });

  it("refuses clients that are not marked, and says so in the audit trail", async () => {
    const other = await createTestClient(server, {}, { firstParty: true });
    const from = server.logs.length;
    const answer = await send({ ...request().fields, ...person() }, { client: other });
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "unauthorized_client"]);
    const line = server.logs.slice(from).find(({ audit }) => audit === true);
    expect(line).to.include({ event: "authorization.refused", clientId: other.clientId });
    const wrong = { ...client, clientSecret: "wrong" };
    const nobody = await send({ ...request().fields, ...person() }, { client: wrong });
    expect([nobody.status, oauthErrorOf(nobody)]).to.deep.equal([401, "invalid_client"]);
  });

  it("tells nobody which accounts exist", async () => {
    const { fields } = request();
    const session = sessionOf(await send(fields));
    const answers = [
      await send({ ...session, username: "nobody", password: server.password }),
      await send({ ...session, username: server.username, password: "wrong" }),
    ];
    const told = answers.map((answer) => {
      const { auth_session: _session, ...rest } = membersOf(answer);
      return { status: answer.status, ...rest };
    });
    expect(told[0]).to.deep.equal(told[1]);
  });

  it("leaves the sign-in in the audit trail, and no line for a token that there is not", async () => {
    const from = server.logs.length;
    await send({ ...request().fields, ...person() });
    const events = server.logs.slice(from).filter(({ audit }) => audit === true);
    expect(events.map(({ event, outcome }) => [event, outcome])).to.deep.equal([
      ["sign_in", "success"],
    ]);
  });

  it("is no grant of the token endpoint", async () => {
    const fields = { ...request().fields, ...person(), grant_type: AUTHORIZATION_CHALLENGE };
    for (const path of ["/token", "/token/refresh", "/login"]) {
      const answer = await postForm(server.issuer + path, fields, { client });
      expect([path, answer.status]).to.deep.equal([path, 400]);
      expect(oauthErrorOf(answer)).to.be.oneOf(["unsupported_grant_type", "invalid_request"]);
    }
  });

  it("refuses repeated parameters (RFC 6749 §3.1)", async () => {
    const { fields } = request(person());
    for (const name of ["username", "password", "scope", "code_challenge", "auth_session"]) {
      const twice: [string, string][] = [...Object.entries(fields), [name, "x"], [name, "y"]];
      const answer = await postForm(url, twice, { client });
      expect([name, oauthErrorOf(answer)]).to.deep.equal([name, "invalid_request"]);
    }
  });
});

function sessionOf(answer: RawAnswer): Record<string, string> {
  return { auth_session: String(membersOf(answer)["auth_session"]) };
}
