import { expect } from "chai";
import { decodeJwt } from "jose";
import { ensureManagementApi } from "../../src/clients/management-api.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith, type SignedIn } from "../support/sign-in-with.js";
import {
  API,
  createMachineClient,
  createTestApis,
  createTestClient,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const INACTIVE = { active: false };

describe("/session/status and /session/invalidate", () => {
  let server: TestServer;
  let client: TestClient;
  before(async () => {
    server = await startTestServer({ environment: { SESSION_STATUS_PER_MINUTE: "1000" } });
    await createTestApis(server);
    await ensureManagementApi({ ...server.app, issuer: server.issuer });
    client = await createTestClient(server, {
      redirect_uris: ["http://localhost:9999/callback", "https://app.example/callback"],
      backchannel_logout_uri: "https://app.example/logout",
      backchannel_logout_session_required: true,
    });
  });
  after(() => server?.close());

  const signIn = async (options: Parameters<typeof signInWith>[2] = {}) =>
    signInWith(server, await connect(server, client), options);

  const sessionCookie = ({ agent }: SignedIn) =>
    agent.cookies
      .filter(({ name }) => name.startsWith("latchkey_session"))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  const status = (headers: Record<string, string> = {}, query = "") =>
    fetch(`${server.issuer}/session/status${query}`, { headers });
  const bearer = (token: unknown) => ({ Authorization: `Bearer ${String(token)}` });

  /** As a page of the server itself would. */
  const fromOwnPage = () => ({
    Origin: new URL(server.issuer).origin,
    "Sec-Fetch-Site": "same-origin",
  });
  const invalidate = (headers: Record<string, string>, body: unknown = {}) =>
    fetch(`${server.issuer}/session/invalidate`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
    });

  async function managementToken(scope: string): Promise<string> {
    const machine = await createMachineClient(server);
    await server.app.resourceServers.update(server.app.managementApi, ({ clients }) => ({
      clients: { ...clients, [machine.clientId]: "all" },
    }));
    const response = await fetch(`${server.issuer}/token`, {
      method: "POST",
      headers: {
        Authorization: `Basic ${btoa(`${machine.clientId}:${machine.clientSecret}`)}`,
      },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        resource: server.app.managementApi,
        scope,
      }),
    });
    const { access_token: token }: { access_token?: string } = (await response.json()) as never;
    return String(token);
  }

  describe("asked by a browser", () => {
    it("tells what session it has, until when, and with which clients, and stores nothing", async () => {
      const signedIn = await signIn();
      const response = await status({ Cookie: sessionCookie(signedIn) });
      const body = (await response.json()) as Record<string, unknown>;
      expect(response.headers.get("cache-control")).to.equal("no-store");
      expect(body).to.include({ active: true, sub: signedIn.subject });
      const now = Date.now() / 1000;
      expect(body["auth_time"]).to.be.closeTo(now, 30);
      expect(body["idle_expires_at"]).to.be.closeTo(now + 14 * 86_400, 30);
      expect(body["expires_at"]).to.be.closeTo(now + 30 * 86_400, 30);
      expect(body["amr"]).to.deep.equal(["pwd"]);
      expect(body["clients"]).to.deep.equal([
        { client_id: client.clientId, client_name: "Test application" },
      ]);
      expect(body["session"]).to.be.a("string");
      expect(sessionCookie(signedIn)).to.not.include(String(body["session"]));
    });

    it("tells the same nothing for a missing, foreign, tampered, ended or cross-site cookie", async () => {
      const signedIn = await signIn();
      const cookie = sessionCookie(signedIn);
      const value = /latchkey_session=([\w-]+)/.exec(cookie)?.[1] ?? "";
      const answers = [
        await status(),
        await status({ Cookie: "latchkey_session=" }),
        await status({ Cookie: `latchkey_session=${value}` }),
        await status({ Cookie: cookie.replace(value, `${value.slice(0, -1)}A`) }),
        await status({ Cookie: cookie.replace(value, "x".repeat(4000)) }),
        await status({ Cookie: cookie, "Sec-Fetch-Site": "cross-site" }),
        await status({ Cookie: cookie, "Sec-Fetch-Site": "same-site" }),
        await status({ Cookie: cookie, Origin: "https://evil.example" }),
      ];
      expect((await invalidate({ Cookie: cookie, ...fromOwnPage() })).status).to.equal(200);
      answers.push(await status({ Cookie: cookie }));
      for (const answer of answers) {
        expect(answer.status).to.equal(200);
        expect(await answer.json()).to.deep.equal(INACTIVE);
        expect(answer.headers.get("set-cookie")).to.equal(null);
        expect(answer.headers.get("access-control-allow-origin")).to.equal(null);
      }
    });
  });

  describe("asked by an application", () => {
    it("tells of the session that its token came from, opaque or JWT, with its own names", async () => {
      const { tokens, subject } = await signIn();
      const scope = "openid orders:read";
      const jwt = (await signIn({ parameters: { scope, resource: API } })).tokens;
      for (const each of [tokens, jwt]) {
        const response = await status(bearer(each.access_token));
        expect(await response.json()).to.deep.include({
          active: true,
          sub: subject,
          sid: each.claims?.["sid"],
        });
      }
    });

    it("tells a token with offline access that its session has ended, and one that ended with it nothing (RFC 6750 §3.1)", async () => {
      const offline = await signIn({
        parameters: { scope: "openid offline_access", prompt: "consent" },
      });
      const plain = await signIn();
      for (const each of [offline, plain]) {
        await invalidate({ Cookie: sessionCookie(each), ...fromOwnPage() });
      }
      const left = await status(bearer(offline.tokens.access_token));
      expect([left.status, await left.json()]).to.deep.equal([200, INACTIVE]);
      const gone = await status(bearer(plain.tokens.access_token));
      expect([gone.status, await gone.json()]).to.deep.equal([401, INACTIVE]);
      expect(gone.headers.get("www-authenticate")).to.match(/^Bearer .*error="invalid_token"/);
    });

    it("lets pages of registered clients read it, and no others (CORS)", async () => {
      const { tokens } = await signIn();
      const allowed = async (origin: string, method: string) => {
        const response = await fetch(`${server.issuer}/session/status`, {
          method,
          headers: { Origin: origin, ...bearer(tokens.access_token) },
        });
        expect(response.headers.get("access-control-allow-credentials")).to.equal(null);
        return response.headers.get("access-control-allow-origin");
      };
      for (const method of ["GET", "OPTIONS"]) {
        expect(await allowed("https://app.example", method)).to.equal("https://app.example");
        for (const origin of [
          "https://app.exampl",
          "https://evil.example",
          "null",
          "%",
          "https://_",
        ]) {
          expect(await allowed(origin, method)).to.equal(null);
        }
      }
    });
  });

  it("extends nothing when asked, and the session of a page of this server when that wants it", async () => {
    const signedIn = await signIn();
    const Cookie = sessionCookie(signedIn);
    const expiry = async () =>
      (await server.app.models.listSessions(signedIn.subject)).map(({ payload }) => [
        payload["uid"],
        payload["revision"],
      ]);
    const before = await expiry();
    await status({ Cookie });
    await status(bearer(signedIn.tokens.access_token));
    expect(await expiry()).to.deep.equal(before);
    const post = (headers: Record<string, string>) =>
      fetch(`${server.issuer}/session/status`, { method: "POST", headers: { Cookie, ...headers } });
    expect((await post({})).status).to.equal(403);
    expect((await post({ Origin: "https://evil.example" })).status).to.equal(403);
    expect(await expiry()).to.deep.equal(before);
    const response = await post(fromOwnPage());
    expect(await response.json()).to.include({ active: true });
    expect(await expiry()).to.not.deep.equal(before);
    expect(await (await status({ Cookie })).json()).to.include({ active: true });
  });

  describe("invalidate, by the cookie", () => {
    it("is refused to pages of others, and to whatever does not say where it comes from", async () => {
      const Cookie = sessionCookie(await signIn());
      const attempts: Record<string, string>[] = [
        {},
        { Origin: "https://evil.example" },
        { Origin: "null" },
        { "Sec-Fetch-Site": "same-origin" },
        { ...fromOwnPage(), "Sec-Fetch-Site": "same-site" },
        { ...fromOwnPage(), "Sec-Fetch-Site": "cross-site" },
        { ...fromOwnPage(), Origin: `${fromOwnPage().Origin}.evil.example` },
      ];
      for (const attempt of attempts) {
        expect((await invalidate({ Cookie, ...attempt }, { all: true })).status).to.equal(403);
      }
      expect(await (await status({ Cookie })).json()).to.include({ active: true });
    });

    it("ends the current one, another one by its name, all others, and all", async () => {
      const [first, second, third] = [await signIn(), await signIn(), await signIn()];
      const active = async (each: SignedIn) =>
        ((await (await status({ Cookie: sessionCookie(each) })).json()) as { active: boolean })
          .active;
      const handle = async (each: SignedIn) =>
        ((await (await status({ Cookie: sessionCookie(each) })).json()) as { session: string })
          .session;
      const by = (each: SignedIn) => ({ Cookie: sessionCookie(each), ...fromOwnPage() });

      const ended = await invalidate(by(first), { session: await handle(second) });
      expect(await ended.json()).to.deep.include({ active: true });
      expect([await active(first), await active(second)]).to.deep.equal([true, false]);
      await invalidate(by(first), { all: true, keep_current: true });
      expect([await active(first), await active(third)]).to.deep.equal([true, false]);
      const last = await signIn();
      const all = await invalidate(by(first), { all: true });
      expect(await all.json()).to.deep.include({ active: false });
      expect(all.headers.get("set-cookie")).to.match(/latchkey_session=;/);
      expect([await active(first), await active(last)]).to.deep.equal([false, false]);
    });

    it("tells a session of somebody else from one that does not exist by nothing", async () => {
      await server.app.createAccount({ username: "eve", password: server.password });
      const mine = await signIn();
      const theirs = await signInWith(
        { ...server, username: "eve" },
        await connect(server, client),
      );
      const { session } = (await (await status({ Cookie: sessionCookie(theirs) })).json()) as {
        session: string;
      };
      const by = { Cookie: sessionCookie(mine), ...fromOwnPage() };
      const foreign = await invalidate(by, { session });
      const absent = await invalidate(by, { session: `${session.slice(0, -5)}AAAAA` });
      expect([foreign.status, absent.status]).to.deep.equal([404, 404]);
      expect(await foreign.json()).to.deep.equal(await absent.json());
      const { active } = (await (await status({ Cookie: sessionCookie(theirs) })).json()) as {
        active: boolean;
      };
      expect(active).to.equal(true);
    });

    it("refuses a body that it does not understand, and ends nothing", async () => {
      const Cookie = sessionCookie(await signIn());
      const bodies = [
        "[]",
        "{",
        '"all"',
        '{"all":1}',
        '{"al":true}',
        '{"session":["x"]}',
        '{"all":"yes"}',
      ];
      for (const body of bodies) {
        const response = await fetch(`${server.issuer}/session/invalidate`, {
          method: "POST",
          headers: { Cookie, "Content-Type": "application/json", ...fromOwnPage() },
          body,
        });
        expect(response.status, body).to.equal(400);
      }
      expect(await (await status({ Cookie })).json()).to.include({ active: true });
    });

    it("takes a form, too", async () => {
      const signedIn = await signIn();
      const response = await fetch(`${server.issuer}/session/invalidate`, {
        method: "POST",
        headers: { Cookie: sessionCookie(signedIn), ...fromOwnPage() },
        body: new URLSearchParams({ all: "true", keep_current: "true" }),
      });
      expect(await response.json()).to.include({ active: true });
    });
  });

  describe("with a token for the management API", () => {
    it("sees and ends the sessions of any account and client", async () => {
      const token = await managementToken("sessions:read sessions:end");
      expect(decodeJwt(token).aud).to.equal(server.app.managementApi);
      const signedIn = await signIn();
      const list = async (query: string) => {
        const response = await status(bearer(token), query);
        expect(response.status).to.equal(200);
        return ((await response.json()) as { sessions: Record<string, unknown>[] }).sessions;
      };
      const ofAccount = await list(`?account=${signedIn.subject}`);
      expect(ofAccount[0]).to.include({ sub: signedIn.subject }).and.to.have.property("network");
      const ofClient: Record<string, unknown>[] = await list(`?client=${client.clientId}`);
      expect(ofClient.map(({ session }) => session)).to.include(ofAccount[0]?.["session"]);

      const one = await invalidate(bearer(token), { session: ofAccount[0]?.["session"] });
      expect(await one.json()).to.have.nested.property("ended.length", 1);
      const all = await invalidate(bearer(token), { account: signedIn.subject });
      expect(all.status).to.equal(200);
      expect(await list(`?account=${signedIn.subject}`)).to.deep.equal([]);
      expect((await invalidate(bearer(token), { client: client.clientId })).status).to.equal(200);
      for (const body of [{ account: "acct_none" }, { session: "none" }, { client: "none" }]) {
        expect((await invalidate(bearer(token), body)).status).to.equal(404);
      }
      for (const body of [{}, { all: true }, { account: "a", client: "b" }]) {
        expect((await invalidate(bearer(token), body)).status).to.equal(400);
      }
    });

    it("does nothing for other tokens, other scopes and clients that are not allowed (RFC 6750 §3.1)", async () => {
      const signedIn = await signIn();
      const reading = await managementToken("sessions:read");
      const body = { account: signedIn.subject };
      expect((await invalidate(bearer(reading), body)).status).to.equal(403);
      expect((await invalidate(bearer(signedIn.tokens.access_token), body)).status).to.equal(403);
      expect((await invalidate(bearer("nonsense"), body)).status).to.equal(401);
      // Not by the cookie either, when there is a token.
      const both = { ...bearer("nonsense"), Cookie: sessionCookie(signedIn), ...fromOwnPage() };
      expect((await invalidate(both, { all: true })).status).to.equal(401);
      const ending = await managementToken("sessions:end");
      expect((await status(bearer(ending), `?account=${signedIn.subject}`)).status).to.equal(403);
      expect(await (await status(bearer(signedIn.tokens.access_token))).json()).to.include({
        active: true,
      });
    });
  });

  describe("global token revocation (draft-parecki-oauth-global-token-revocation-06)", () => {
    const revoke = (token: string, body: unknown) =>
      fetch(`${server.issuer}/global-token-revocation`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...bearer(token) },
        body: JSON.stringify(body),
      });

    it("signs a person out everywhere by each format of subject identifier", async () => {
      const token = await managementToken("sessions:end");
      const subject = (await signIn()).subject;
      const identifiers = [
        { format: "opaque", id: subject },
        { format: "email", email: "ADA@example.com" },
        { format: "iss_sub", iss: server.issuer, sub: subject },
      ];
      for (const identifier of identifiers) {
        const offline = await signIn({
          parameters: { scope: "openid offline_access", prompt: "consent" },
        });
        const response = await revoke(token, { sub_id: identifier });
        expect([response.status, await response.text()]).to.deep.equal([204, ""]);
        const answer = await status({ Cookie: sessionCookie(offline) });
        expect(await answer.json()).to.deep.equal(INACTIVE);
        expect((await status(bearer(offline.tokens.access_token))).status).to.equal(401);
      }
    });

    it("refuses what it does not know, and callers without the right", async () => {
      const token = await managementToken("sessions:end");
      const { subject, tokens } = await signIn();
      const known = { sub_id: { format: "opaque", id: subject } };
      const other = [
        [400, {}],
        [400, { sub_id: "x" }],
        [400, { sub_id: { format: "phone_number", phone_number: "+12065550100" } }],
        [400, { sub_id: { format: "opaque" } }],
        [400, { sub_id: { format: "email", email: "ada" } }],
        [404, { sub_id: { format: "opaque", id: "acct_none" } }],
        [404, { sub_id: { format: "email", email: "nobody@example.com" } }],
        [404, { sub_id: { format: "iss_sub", iss: "https://other.example", sub: subject } }],
      ] as const;
      for (const [expected, body] of other) {
        expect((await revoke(token, body)).status, JSON.stringify(body)).to.equal(expected);
      }
      expect((await revoke("nonsense", known)).status).to.equal(401);
      expect((await revoke(tokens.access_token, known)).status).to.equal(403);
      expect((await revoke(await managementToken("sessions:read"), known)).status).to.equal(403);
      expect(await (await status(bearer(tokens.access_token))).json()).to.include({ active: true });
    });

    it("is told of in the server's metadata (§4)", async () => {
      const response = await fetch(`${server.issuer}/.well-known/oauth-authorization-server`);
      expect(await response.json()).to.deep.include({
        global_token_revocation_endpoint: `${server.issuer}/global-token-revocation`,
        global_token_revocation_endpoint_auth_methods_supported: ["Bearer"],
      });
    });
  });
});

describe("floods of /session/status", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ environment: { SESSION_STATUS_PER_MINUTE: "5" } });
  });
  after(() => server?.close());

  it("are answered 429 with Retry-After, each client and address for itself", async () => {
    const rp = await connect(server, await createTestClient(server));
    const { tokens } = await signInWith(server, rp);
    const ask = (headers: Record<string, string> = {}) =>
      fetch(`${server.issuer}/session/status`, { headers });
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask()));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).to.deep.equal([200, 200, 200, 200, 200, 429, 429, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get("retry-after"))).to.be.within(1, 60);
    expect((await ask({ Authorization: `Bearer ${tokens.access_token}` })).status).to.equal(200);
  });
});
