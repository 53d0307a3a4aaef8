import { expect } from "chai";
import { decodeJwt } from "jose";
import * as openid from "openid-client";
import { FIRST_PARTY_LOGIN } from "../../src/oidc/grant-types.js";
import { eventually } from "../support/eventually.js";
import { generateDpopKey, signDpopProof } from "../support/dpop-proof.js";
import {
  createDirectClient,
  createNativeDirectClient,
  membersOf,
  postJson,
} from "../support/first-party.js";
import { oauthErrorOf, rawRequest, type RawAnswer } from "../support/raw-request.js";
import { connect } from "../support/relying-party-libraries.js";
import { refusalOf } from "../support/oauth-error.js";
import { API, createTestApis, createTestClient, type TestClient } from "../support/test-client.js";
import { createTestKey } from "../support/test-key.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

describe("POST /login, sign-in with a password in the application's own form", () => {
  let server: TestServer;
  let url: string;
  let client: TestClient;
  before(async () => {
    // One test measures many wrong passwords; limits on them are tested in attempt-limits.test.ts.
    server = await startTestServer({
      environment: { ATTEMPTS_PER_ACCOUNT_AND_NETWORK: "96", ATTEMPTS_PER_ACCOUNT: "96" },
    });
    url = `${server.issuer}/login`;
    client = await createDirectClient(server);
    await createTestApis(server);
  });
  after(() => server.close());

  const person = () => ({ username: server.username, password: server.password });
  const signIn = (more: object = {}, as: TestClient = client) =>
    postJson(url, { ...person(), ...more }, { client: as });

  it("answers with a token response (RFC 6749 §5.1)", async () => {
    const answer = await signIn({ scope: "openid email" });
    expect([answer.status, answer.headers["cache-control"]]).to.deep.equal([200, "no-store"]);
    expect(Object.keys(membersOf(answer)).toSorted()).to.deep.equal([
      "access_token",
      "expires_in",
      "id_token",
      "refresh_token",
      "scope",
      "token_type",
    ]);
    const { subject } = idTokenOf(answer);
    const rp = await connect(server, client);
    const claims = await rp.userinfo(String(membersOf(answer)["access_token"]), subject);
    expect(claims).to.include({ sub: subject, email: "ada@example.com" });
  });

  it("takes a form, and an e-mail address for the user name", async () => {
    const fields = { username: "ADA@example.com", password: server.password };
    const answer = await postForm(url, fields, { client });
    expect(answer.status).to.equal(200);
    expect(membersOf(answer)).to.not.have.property("id_token");
  });

  it("says how and when the person signed in, and repeats the nonce (OIDC Core §2)", async () => {
    const begunAtSeconds = Math.floor(Date.now() / 1000);
    const { claims } = idTokenOf(await signIn({ scope: "openid", nonce: "n-0S6_WzA2Mj" }));
    expect(claims).to.deep.include({
      iss: server.issuer,
      aud: client.clientId,
      nonce: "n-0S6_WzA2Mj",
      acr: "urn:latchkey:acr:pwd",
      amr: ["pwd"],
    });
    expect(claims["auth_time"]).to.be.within(begunAtSeconds, begunAtSeconds + 5);
  });

  it("is an extension grant for client libraries (RFC 6749 §4.5)", async () => {
    const config = await openid.discovery(
      new URL(server.issuer),
      client.clientId,
      client.clientSecret,
      undefined,
      { execute: [openid.allowInsecureRequests] },
    );
    const tokens = await openid.genericGrantRequest(config, FIRST_PARTY_LOGIN, {
      ...person(),
      scope: "openid",
    });
    expect(tokens.claims()).to.include({ iss: server.issuer });
    expect(config.serverMetadata().grant_types_supported).to.include(FIRST_PARTY_LOGIN);
  });

  it("gives tokens that live on as those of the code flow do: refreshed, introspected, revoked", async () => {
    const rp = await connect(server, client);
    const first = membersOf(await signIn({ scope: "openid offline_access" }));
    const second = await rp.refresh(String(first["refresh_token"]));
    expect(await rp.introspect(second.access_token)).to.include({ active: true });
    expect(await refusalOf(rp.refresh(String(first["refresh_token"])))).to.include({
      error: "invalid_grant",
    });
    expect(await rp.introspect(second.access_token)).to.deep.equal({ active: false });
    const third = membersOf(await signIn({ scope: "openid offline_access" }));
    await rp.revoke(String(third["refresh_token"]));
    expect(await rp.introspect(String(third["access_token"]))).to.deep.equal({ active: false });
  });

  it("starts a session, with which the tokens end that do not ask to outlive it", async () => {
    const rp = await connect(server, client);
    const bound = membersOf(await signIn({ scope: "openid" }));
    const lasting = membersOf(await signIn({ scope: "openid offline_access" }));
    for (const { access_token: token } of [bound, lasting]) {
      const found = await server.app.provider.AccessToken.find(String(token));
      const sessions = await server.app.models.listSessions(found?.accountId ?? "");
      const session = sessions.find(({ payload }) => payload["uid"] === found?.sessionUid);
      expect(session?.payload).to.include({ accountId: found?.accountId });
      await server.app.models.destroy("Session", session?.id ?? "");
    }
    expect(await refusalOf(rp.refresh(String(bound["refresh_token"])))).to.include({
      error: "invalid_grant",
    });
    expect(await rp.introspect(String(bound["access_token"]))).to.deep.equal({ active: false });
    expect(await rp.refresh(String(lasting["refresh_token"]))).to.include.keys("access_token");
  });

  it("sets no cookie", async () => {
    expect((await signIn()).headers).to.not.have.property("set-cookie");
  });

  it("issues a JWT for one registered API (RFC 8707 §2.2)", async () => {
    const answer = await signIn({ resource: API, scope: "openid orders:read orders:delete" });
    const { access_token: token, scope } = membersOf(answer);
    expect(scope).to.equal("orders:read");
    expect(decodeJwt(String(token))).to.include({ aud: API, scope: "orders:read" });
    for (const resource of ["https://unknown.example.com", "no uri", [API, `${API}/x`]]) {
      const refused = await signIn({ resource, scope: "orders:read" });
      expect([refused.status, oauthErrorOf(refused)]).to.deep.equal([400, "invalid_target"]);
    }
  });

  it("gives JWTs that end with their refresh token and with their session", async () => {
    const isLive = async (token: unknown) =>
      (await server.app.findLiveAccessToken(String(token))) !== undefined;
    const scope = "openid orders:read";
    const lasting = membersOf(await signIn({ resource: API, scope: `${scope} offline_access` }));
    const bound = membersOf(await signIn({ resource: API, scope }));
    expect(await isLive(lasting["access_token"])).to.equal(true);
    await (await connect(server, client)).revoke(String(lasting["refresh_token"]));
    expect(await isLive(lasting["access_token"])).to.equal(false);

    expect(await isLive(bound["access_token"])).to.equal(true);
    const { sub: accountId = "" } = decodeJwt(String(bound["access_token"]));
    for (const { id } of await server.app.models.listSessions(accountId)) {
      await server.app.models.destroy("Session", id);
    }
    expect(await isLive(bound["access_token"])).to.equal(false);
  });

  it("issues only scopes that the client may have", async () => {
    const narrow = await createDirectClient(server, { scope: "openid email" });
    const refused = await signIn({ scope: "openid profile" }, narrow);
    expect([refused.status, oauthErrorOf(refused)]).to.deep.equal([400, "invalid_scope"]);
    const dropped = membersOf(await signIn({ scope: "openid no-such-scope" }));
    expect(dropped["scope"]).to.equal("openid");
    const codesOnly = await createDirectClient(server, { grant_types: ["authorization_code"] });
    const short = membersOf(await signIn({ scope: "openid offline_access" }, codesOnly));
    expect(short).to.not.have.property("refresh_token");
    expect(short["scope"]).to.equal("openid");
  });

  it("adds the claims that are asked for one by one (OIDC Core §5.5)", async () => {
    const claims = JSON.stringify({ id_token: { email: null } });
    const { claims: told } = idTokenOf(await signIn({ scope: "openid", claims }));
    expect(told).to.include({ email: "ada@example.com" });
    for (const broken of ["{", "[]", "null", '{"id_token":1}', '{"userinfo":[]}']) {
      const refused = await signIn({ scope: "openid", claims: broken });
      expect([broken, oauthErrorOf(refused)]).to.deep.equal([broken, "invalid_request"]);
    }
  });

  it("binds the tokens to the key of a DPoP proof for its own address (RFC 9449 §5)", async () => {
    const keyPair = await generateDpopKey();
    const send = async (to: string) =>
      postJson(url, person(), {
        client,
        headers: { DPoP: await signDpopProof(keyPair, { method: "POST", url: to }) },
      });
    expect(membersOf(await send(url))["token_type"]).to.equal("DPoP");
    expect(oauthErrorOf(await send(`${server.issuer}/token`))).to.equal("invalid_dpop_proof");
    const strict = await createDirectClient(server, { dpop_bound_access_tokens: true });
    expect(oauthErrorOf(await signIn({}, strict))).to.equal("invalid_grant");
    const proof = await signDpopProof(keyPair, { method: "POST", url });
    const again = () => postJson(url, person(), { client, headers: { DPoP: proof } });
    expect((await again()).status).to.equal(200);
    expect(oauthErrorOf(await again())).to.equal("invalid_grant");
  });

  it("authenticates clients as the token endpoint does", async () => {
    const native = await createNativeDirectClient(server);
    const open = await postJson(url, { ...person(), client_id: native.clientId });
    expect(open.status).to.equal(200);
    const nobody = await postJson(url, person());
    expect([nobody.status, oauthErrorOf(nobody)]).to.deep.equal([400, "invalid_request"]);
    const unnamed = await postJson(url, { ...person(), client_id: client.clientId });
    expect([unnamed.status, oauthErrorOf(unnamed)]).to.deep.equal([401, "invalid_client"]);
    const key = await createTestKey();
    const metadata = { token_endpoint_auth_method: "private_key_jwt", jwks: key.jwks };
    const signing = await createDirectClient(server, metadata);
    const config = new openid.Configuration(
      { issuer: server.issuer, token_endpoint: url },
      signing.clientId,
      {},
      openid.PrivateKeyJwt(key),
    );
    openid.allowInsecureRequests(config);
    const tokens = await openid.genericGrantRequest(config, FIRST_PARTY_LOGIN, person());
    expect(tokens).to.have.property("access_token");
  });

  describe("for whom it is not", () => {
    it("refuses clients that are not marked, first-party or not", async () => {
      const others = [
        await createTestClient(server),
        await createTestClient(server, {}, { firstParty: true }),
        await createTestClient(server, { grant_types: ["authorization_code", FIRST_PARTY_LOGIN] }),
      ];
      for (const other of others) {
        for (const address of [url, `${server.issuer}/token`]) {
          const fields = { ...person(), grant_type: FIRST_PARTY_LOGIN };
          const from = server.logs.length;
          const answer = await postForm(address, fields, { client: other });
          expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "unauthorized_client"]);
          expect(auditsSince(from)).to.deep.include({
            event: "token.refused",
            outcome: "failure",
            reason: "this client may not take people's passwords",
            clientId: other.clientId,
          });
        }
      }
    });

    it("cannot be marked without being first-party, nor when it runs in a browser", async () => {
      const marked = { firstParty: false, directSignIn: true };
      const refusal = await codeOf(createTestClient(server, {}, marked));
      expect(refusal).to.equal("invalid_client_metadata");
      const spa = { token_endpoint_auth_method: "none" };
      expect(await codeOf(createDirectClient(server, spa))).to.equal("invalid_client_metadata");
    });

    it("cannot be registered (RFC 7591 §3.2.2)", async () => {
      const token = await server.app.clientAdministration.createInitialAccessToken(undefined);
      for (const grantType of [FIRST_PARTY_LOGIN, "password"]) {
        const answer = await rawRequest(`${server.issuer}/clients/register`, {
          method: "POST",
          headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
          body: JSON.stringify({
            redirect_uris: ["https://app.example/callback"],
            grant_types: ["authorization_code", grantType],
            first_party: true,
            direct_sign_in: true,
          }),
        });
        expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([
          400,
          "invalid_client_metadata",
        ]);
      }
    });

    it("is not there at all unless a client may use it", async () => {
      const bare = await startTestServer();
      const unmarked = await createTestClient(bare);
      const metadata = async () => {
        const answer = await rawRequest(`${bare.issuer}/.well-known/openid-configuration`);
        return JSON.stringify(membersOf(answer));
      };
      expect(await metadata()).to.not.match(
        /first-party|challenge_endpoint|authorization-challenge/,
      );
      for (const path of ["/login", "/authorize-challenge"]) {
        const absent = await postJson(bare.issuer + path, person(), { client: unmarked });
        expect([absent.status, oauthErrorOf(absent)]).to.deep.equal([404, "not_found"]);
      }
      const fields = { ...person(), grant_type: FIRST_PARTY_LOGIN };
      const unsupported = await postForm(`${bare.issuer}/token`, fields, { client: unmarked });
      expect(oauthErrorOf(unsupported)).to.equal("unsupported_grant_type");

      const marked = await createDirectClient(bare);
      expect(
        (await postJson(`${bare.issuer}/login`, person(), { client: marked })).status,
      ).to.equal(200);
      await eventually("the metadata tell of it", async () =>
        (await metadata()).includes(`"${bare.issuer}/authorize-challenge"`),
      );
      expect(await metadata()).to.include(FIRST_PARTY_LOGIN);
      expect(await metadata()).to.not.include("grant-type:authorization-challenge");
      await bare.close();
    });

    it("does not know the grant `password` of RFC 6749 §4.3 (RFC 9700 §2.4)", async () => {
      const fields = { ...person(), grant_type: "password" };
      for (const address of [url, `${server.issuer}/token`]) {
        const answer = await postForm(address, fields, { client });
        expect(oauthErrorOf(answer)).to.be.oneOf(["unsupported_grant_type", "invalid_request"]);
      }
    });
  });

  describe("what it refuses", () => {
    it("tells nobody which accounts exist: one answer for every reason (ASVS 6.3.8)", async () => {
      await disabledAccount("grace");
      const attempts = [
        { username: "nobody", password: server.password },
        { username: server.username, password: "wrong" },
        { username: "grace", password: server.password },
        { username: "grace", password: "wrong" },
        { username: "no\0body", password: server.password },
      ];
      const from = server.logs.length;
      const answers = [];
      for (const attempt of attempts) answers.push(await signIn(attempt));
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([400]));
      expect(new Set(answers.map(({ body }) => body))).to.have.property("size", 1);
      expect(answers.map(oauthErrorOf)[0]).to.equal("invalid_grant");
      const reasons = auditsSince(from)
        .filter(({ event }) => event === "sign_in")
        .map(({ reason }) => reason);
      expect(reasons).to.deep.equal([
        "unknown_account",
        "wrong_password",
        "disabled",
        "wrong_password",
        "unknown_account",
      ]);
    });

    it("takes as long for an unknown account as for a wrong password", async () => {
      const timesMs = { unknown: [] as number[], wrong: [] as number[] };
      for (let round = 0; round < 15; round += 1) {
        timesMs.unknown.push(await durationMs(signIn({ username: `nobody${round}` })));
        timesMs.wrong.push(await durationMs(signIn({ password: "wrong" })));
      }
      const ratio = median(timesMs.unknown) / median(timesMs.wrong);
      expect(ratio).to.be.within(0.6, 1.6);
    });

    it("ends what a disabled account has", async () => {
      const accountId = await disabledAccount("joan", false);
      const rp = await connect(server, client);
      const tokens = membersOf(await signIn({ username: "joan", scope: "openid" }));
      await server.app.accounts.setDisabled(accountId, true);
      expect(await refusalOf(rp.refresh(String(tokens["refresh_token"])))).to.include({
        error: "invalid_grant",
      });
      expect(oauthErrorOf(await signIn({ username: "joan" }))).to.equal("invalid_grant");
    });

    it("asks for more when an authentication is demanded that a password is not (RFC 9470)", async () => {
      const demands = [
        { acr_values: "urn:example:strong" },
        { claims: '{"id_token":{"acr":{"essential":true,"value":"urn:example:strong"}}}' },
        { claims: '{"id_token":{"acr":{"values":["urn:example:strong"]}}}' },
      ];
      for (const demand of demands) {
        const answer = await signIn({ scope: "openid", ...demand });
        const facts = [answer.status, oauthErrorOf(answer)];
        expect(facts).to.deep.equal([403, "insufficient_authorization"]);
      }
      const met = { acr_values: "urn:example:strong urn:latchkey:acr:pwd" };
      expect((await signIn({ scope: "openid", ...met })).status).to.equal(200);
      const strict = await createDirectClient(server, {
        default_acr_values: ["urn:latchkey:acr:pwd"],
      });
      expect((await signIn({ scope: "openid" }, strict)).status).to.equal(200);
    });

    it("refuses missing, empty, repeated and mistyped credentials alike", async () => {
      const bodies: object[] = [
        {},
        { username: server.username },
        { password: server.password },
        { username: "", password: "" },
        { username: server.username, password: "" },
        { username: [server.username, "x"], password: server.password },
        { username: server.username, password: ["a", "b"] },
        { username: { $ne: "" }, password: server.password },
        { username: server.username, password: null },
        { username: 1, password: true },
      ];
      for (const body of bodies) {
        const answer = await postJson(url, body, { client });
        const what = JSON.stringify(body);
        expect([what, answer.status, oauthErrorOf(answer)]).to.deep.equal([
          what,
          400,
          "invalid_request",
        ]);
      }
    });

    it("asks to come again when too many sign in at once, as the pages do", async () => {
      const environment = { PASSWORD_HASH_CONCURRENCY: "1", PASSWORD_HASH_QUEUE: "1" };
      const busy = await startTestServer({ environment });
      const direct = await createDirectClient(busy);
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          postJson(`${busy.issuer}/login`, person(), { client: direct }),
        ),
      );
      const refused = answers.filter(({ status }) => status !== 200);
      expect(refused).to.have.length.within(1, 19);
      for (const { status, headers, body } of refused) {
        expect([status, headers["retry-after"]]).to.deep.equal([503, "2"]);
        expect(body).to.include("temporarily_unavailable");
      }
      await busy.close();
    });

    it("keeps passwords out of the log", async () => {
      const from = server.logs.length;
      await signIn();
      await signIn({ password: "a wrong one that is not logged" });
      const lines = JSON.stringify(server.logs.slice(from));
      expect(lines).to.not.include(server.password);
      expect(lines).to.not.include("a wrong one");
    });
  });

  it("leaves the lines of a sign-in at the pages in the audit trail", async () => {
    const from = server.logs.length;
    await signIn({ scope: "openid" });
    const lines = auditsSince(from);
    expect(lines).to.deep.include({
      event: "sign_in",
      outcome: "success",
      reason: undefined,
      clientId: client.clientId,
    });
    const issued = server.logs
      .slice(from)
      .find(({ audit, event }) => audit === true && event === "token.issued");
    expect(issued).to.include({ grantType: FIRST_PARTY_LOGIN, scope: "openid" });
  });

  it("answers browsers as the token endpoint does", async () => {
    const origin = "https://spa.example";
    const web = await createDirectClient(server, { redirect_uris: [`${origin}/callback`] });
    const own = await postJson(url, person(), { client: web, headers: { Origin: origin } });
    expect([own.status, own.headers["access-control-allow-origin"]]).to.deep.equal([200, origin]);
    const headers = { Origin: "https://evil.example" };
    const other = await postJson(url, person(), { client: web, headers });
    expect(other.status).to.equal(400);
    expect(other.headers).to.not.have.property("access-control-allow-origin");
  });

  function idTokenOf(answer: RawAnswer) {
    const claims: Record<string, unknown> = decodeJwt(String(membersOf(answer)["id_token"]));
    return { claims, subject: String(claims["sub"]) };
  }

  function auditsSince(from: number) {
    return server.logs
      .slice(from)
      .filter(({ audit }) => audit === true)
      .map(({ event, outcome, reason, clientId }) => ({ event, outcome, reason, clientId }));
  }

  async function disabledAccount(username: string, disabled = true) {
    const { id } = await server.app.createAccount({
      username,
      email: undefined,
      emailVerified: false,
      profile: {},
      password: server.password,
    });
    if (disabled) await server.app.accounts.setDisabled(id, true);
    return id;
  }
});

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (err: { code?: unknown }) => err.code,
  );
}

async function durationMs(promise: Promise<unknown>): Promise<number> {
  const begunMs = performance.now();
  await promise;
  return performance.now() - begunMs;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
