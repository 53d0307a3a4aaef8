import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { toAccountId, type AccountId } from "../../src/accounts/account.js";
import { rawRequest } from "../support/raw-request.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { fetchStatus, fetchStatusList, statusReferenceOf } from "../support/status-list.js";
import {
  API,
  createListApi,
  createMachineClient,
  createTestApis,
  createTestClient,
  LIST_API,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

const READ = { resource: LIST_API, scope: "orders:read" };
const MEDIA_TYPE = "application/statuslist+jwt";

/** A person at an application, with two tokens of one grant. */
interface Access {
  readonly accountId: AccountId;
  readonly client: TestClient;
  readonly rp: RelyingParty;
  readonly agent: UserAgent;
  readonly refreshToken: string;
  readonly idToken: string;
  readonly tokens: readonly [string, string];
}

describe("status lists (draft-ietf-oauth-status-list-21)", () => {
  let server: TestServer;
  let machineClient: TestClient;
  let machine: RelyingParty;
  before(async () => {
    server = await startTestServer();
    await createTestApis(server);
    await createListApi(server);
    machineClient = await createMachineClient(server);
    machine = await connect(server, machineClient);
  });
  after(() => server.close());

  const machineToken = async () => (await machine.clientCredentials(READ)).access_token;
  const get = (url: string, headers: Record<string, string> = {}, method = "GET") =>
    rawRequest(url, { headers, method });

  const revokeToken = (token: string) =>
    server.app.revocations.revoke([{ subject: "token", id: decodeJwt(token).jti ?? "" }]);

  let people = 0;
  async function signIn({
    client,
    username,
  }: Partial<{ client: TestClient; username: string }> = {}) {
    const name = username ?? `person${++people}`;
    if (username === undefined) {
      await server.app.createAccount({ username: name, password: server.password });
    }
    const application = client ?? (await createTestClient(server));
    const rp = await connect(server, application);
    const parameters = { resource: LIST_API, scope: "openid orders:read" };
    const agent = createUserAgent(server.issuer);
    const signedIn = await signInWith({ ...server, username: name }, rp, { agent, parameters });
    const first = await rp.refresh(signedIn.tokens.refresh_token ?? "", { resource: LIST_API });
    const second = await rp.refresh(first.refresh_token ?? "", { resource: LIST_API });
    const access: Access = {
      accountId: toAccountId(signedIn.subject),
      client: application,
      rp,
      agent,
      refreshToken: second.refresh_token ?? "",
      idToken: second.id_token ?? "",
      tokens: [first.access_token, second.access_token],
    };
    return { ...access, username: name };
  }

  describe("a token", () => {
    it("refers to a list where its API wants it, and not elsewhere (§6.2)", async () => {
      const token = await machineToken();
      const { idx, uri } = statusReferenceOf(token);
      expect(uri.startsWith(`${server.issuer}/status-lists/`)).to.equal(true);
      expect(Number.isInteger(idx)).to.equal(true);
      const { status } = decodeJwt<{ status: unknown }>(token);
      expect(status).to.deep.equal({ status_list: { idx, uri } });
      const other = await machine.clientCredentials({ ...READ, resource: API });
      expect(decodeJwt(other.access_token)).to.not.have.property("status");
    });

    it("has a place of its own, which says nothing of when it was issued (§12.4, §13.3)", async () => {
      const indices = [];
      for (let count = 0; count < 12; count++) {
        indices.push(statusReferenceOf(await machineToken()).idx);
      }
      expect(new Set(indices).size).to.equal(12);
      const ascending = indices.toSorted((a, b) => a - b);
      expect(indices).to.not.deep.equal(ascending);
      expect(indices).to.not.deep.equal(ascending.toReversed());
      expect(Number(ascending.at(-1)) - Number(ascending[0])).to.be.above(1000);
    });
  });

  describe("a list", () => {
    it("is a signed JWT with the claims of §5.1", async () => {
      const { uri } = statusReferenceOf(await machineToken());
      const answer = await get(uri);
      expect([answer.status, answer.headers["content-type"]]).to.deep.equal([200, MEDIA_TYPE]);
      const keys = createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
      const { payload, protectedHeader } = await jwtVerify(answer.body, keys);
      expect(protectedHeader).to.include({ typ: "statuslist+jwt", alg: "ES256" });
      expect(protectedHeader).to.have.keys("typ", "alg", "kid");
      expect(payload).to.include({ sub: uri, iss: server.issuer, ttl: 30 });
      expect(payload).to.have.keys("iss", "sub", "iat", "exp", "ttl", "status_list");
      expect(Number(payload.exp) - Number(payload.iat)).to.equal(300);
      expect(payload["status_list"]).to.have.keys("bits", "lst");
    });

    it("is not taken for an access token, nor a token for a list (RFC 8725 §3.11)", async () => {
      const token = await machineToken();
      const { uri } = statusReferenceOf(token);
      const { body: list } = await get(uri);
      expect(decodeProtectedHeader(token)["typ"]).to.equal("at+jwt");
      expect(await server.app.findLiveAccessToken(token)).to.not.equal(undefined);
      expect(await server.app.findLiveAccessToken(list)).to.equal(undefined);
    });

    it("says when it may be kept until, and by whom (§8.2, §13.7)", async () => {
      const { uri } = statusReferenceOf(await machineToken());
      const { headers } = await get(uri);
      expect(headers["cache-control"]).to.equal("public, max-age=30");
      const tag = String(headers["etag"]);
      const again = await get(uri, { "If-None-Match": tag });
      expect([again.status, again.body, again.headers["etag"]]).to.deep.equal([304, "", tag]);
      expect(again.headers["cache-control"]).to.equal("public, max-age=30");
      expect((await get(uri, { "If-None-Match": '"other"' })).status).to.equal(200);
    });

    it("is compressed for those who ask for it (§8.2)", async () => {
      const { uri } = statusReferenceOf(await machineToken());
      const plain = await get(uri, { "Accept-Encoding": "identity" });
      expect(plain.headers["content-encoding"]).to.equal(undefined);
      const compressed = await fetch(uri, { headers: { "Accept-Encoding": "gzip" } });
      expect(compressed.headers.get("Content-Encoding")).to.equal("gzip");
      expect(compressed.headers.get("Vary")).to.match(/accept-encoding/i);
      expect(await compressed.text()).to.equal(plain.body);
      expect(() => gunzipSync(plain.body)).to.throw();
    });

    it("is read by pages of any origin (§8.1)", async () => {
      const { uri } = statusReferenceOf(await machineToken());
      const { headers } = await get(uri, { Origin: "https://spa.example" });
      expect(headers["access-control-allow-origin"]).to.equal("*");
      expect(headers).to.not.have.property("access-control-allow-credentials");
      expect(headers).to.not.have.property("set-cookie");
    });

    it("answers HEAD, refuses other formats and former times (§8.1, §8.4)", async () => {
      const { uri } = statusReferenceOf(await machineToken());
      const head = await get(uri, {}, "HEAD");
      expect([head.status, head.body]).to.deep.equal([200, ""]);
      expect((await get(uri, { Accept: "application/statuslist+cwt" })).status).to.equal(406);
      expect(
        (await get(uri, { Accept: `application/statuslist+cwt, ${MEDIA_TYPE}` })).status,
      ).to.equal(200);
      expect((await get(`${uri}?time=1686925000`)).status).to.equal(501);
      for (const method of ["POST", "PUT", "DELETE"]) {
        expect((await get(uri, {}, method)).status).to.be.oneOf([404, 405]);
      }
    });

    it("is 404 for every other address, however it is spelt", async () => {
      const { uri } = statusReferenceOf(await machineToken());
      const id = String(uri.split("/").at(-1));
      const others = ["1", "0", "-1", `0${id}`, `${id}.0`, `${id}e0`, `+${id}`, `%20${id}`];
      const hostile = [
        "9".repeat(15),
        "9".repeat(16),
        "9".repeat(400),
        "__proto__",
        "%00",
        "a",
        "1'--",
      ];
      for (const other of [...others, ...hostile]) {
        const answer = await get(`${server.issuer}/status-lists/${other}`);
        expect([other, answer.status]).to.deep.equal([other, 404]);
        expect(answer.headers["cache-control"]).to.equal("no-store");
      }
      expect((await get(`${server.issuer}/status-lists/`)).status).to.equal(404);
      expect((await get(`${server.issuer}/status-lists`)).status).to.equal(404);
    });

    it("has a size that says nothing of how many tokens there are (§12.4)", async () => {
      const { uri } = statusReferenceOf(await machineToken());
      const { statusOf } = await fetchStatusList(server.issuer, uri);
      expect(statusOf(131_071)).to.equal(0);
      expect(Number.isNaN(statusOf(131_072)) || statusOf(131_072) === 1).to.equal(true);
    });
  });

  describe("a revocation turns the bits of the tokens that it concerns, and no others", () => {
    type SignedIn = Awaited<ReturnType<typeof signIn>>;

    /** What `revoke` turns, in the one list that all tokens of this file have. */
    async function turnedBy(revoke: () => Promise<unknown>): Promise<number[]> {
      const { uri } = statusReferenceOf(await machineToken());
      const before = new Set((await fetchStatusList(server.issuer, uri)).invalid);
      await revoke();
      const { invalid } = await fetchStatusList(server.issuer, uri);
      expect(invalid).to.include.members([...before]);
      return invalid.filter((idx) => !before.has(idx));
    }

    const indicesOf = (tokens: readonly string[]) =>
      tokens.map((token) => statusReferenceOf(token).idx).toSorted((a, b) => a - b);

    const WAYS: Record<
      string,
      (
        access: SignedIn,
      ) => Promise<{ revoke: () => Promise<unknown>; concerned: readonly string[] }>
    > = {
      "one token": async ({ tokens }) => ({
        revoke: () => revokeToken(tokens[0]),
        concerned: [tokens[0]],
      }),
      "a grant, by its refresh token": async ({ client, rp, refreshToken, tokens }) => {
        // Of another person at the same client.
        await signIn({ client });
        return { revoke: () => rp.revoke(refreshToken), concerned: tokens };
      },
      "a session, by signing out": async ({ agent, idToken, tokens }) => ({
        async revoke() {
          await agent.open(`${server.issuer}/session/end?id_token_hint=${idToken}`);
        },
        concerned: tokens,
      }),
      "an account, by disabling it": async ({ accountId, tokens }) => ({
        revoke: () => server.app.setDisabled(accountId, true),
        concerned: tokens,
      }),
      "an account, by a new password": async ({ accountId, tokens }) => ({
        revoke: () => server.app.setPassword(accountId, "another long enough passphrase"),
        concerned: tokens,
      }),
      "a client with all its people, by deleting it": async ({ client, tokens }) => {
        const other = await signIn({ client });
        return {
          revoke: () => server.app.clientAdministration.delete(client.clientId),
          concerned: [...tokens, ...other.tokens],
        };
      },
      "what one person allowed one client": async ({ accountId, client, tokens }) => {
        await signIn({ client });
        const revoke = () => server.app.endAccess.ofConsent(accountId, client.clientId);
        return { revoke, concerned: tokens };
      },
    };

    for (const [name, prepare] of Object.entries(WAYS)) {
      it(name, async function () {
        this.timeout(120_000);
        const access = await signIn();
        const { revoke, concerned } = await prepare(access);
        const atAnotherClient = await signIn({ username: access.username });
        await signIn();
        const isOfAccount = name.startsWith("an account");
        const all = isOfAccount ? [...concerned, ...atAnotherClient.tokens] : concerned;
        expect(await turnedBy(revoke)).to.deep.equal(indicesOf(all));
      });
    }

    it("leaves what is issued afterwards VALID", async () => {
      const access = await signIn();
      await server.app.endAccess.ofAccount(access.accountId);
      const again = await signIn({ username: access.username });
      for (const token of access.tokens)
        expect(await fetchStatus(server.issuer, token)).to.equal(1);
      for (const token of again.tokens) expect(await fetchStatus(server.issuer, token)).to.equal(0);
    });

    it("is seen by whoever fetches the list a second later, however often it was fetched before", async () => {
      const { tokens } = await signIn();
      const { idx, uri } = statusReferenceOf(tokens[0]);
      const fetched = await Promise.all(
        Array.from({ length: 20 }, () => fetchStatusList(server.issuer, uri)),
      );
      expect(fetched.map(({ statusOf }) => statusOf(idx))).to.deep.equal(Array(20).fill(0));
      await revokeToken(tokens[0]);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(await fetchStatus(server.issuer, tokens[0])).to.equal(1);
    });
  });
});
