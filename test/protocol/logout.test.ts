import { createServer, type Server } from "node:http";
import { expect } from "chai";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as openid from "openid-client";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/free-port.js";
import { refusalOf } from "../support/oauth-error.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const AFTER_LOGOUT = "http://localhost:9999/signed-out";

describe("RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0)", () => {
  let server: TestServer;
  let client: TestClient;
  let rp: RelyingParty;
  let config: openid.Configuration;
  before(async () => {
    server = await startTestServer({
      environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" },
      deliversLogouts: true,
    });
    client = await createTestClient(server, { post_logout_redirect_uris: [AFTER_LOGOUT] });
    rp = await connect(server, client);
    config = await openid.discovery(
      new URL(server.issuer),
      client.clientId,
      client.clientSecret,
      undefined,
      { execute: [openid.allowInsecureRequests] },
    );
  });
  after(() => server.close());

  it("asks, signs out and returns to the registered address with state (§2, §3)", async () => {
    const { agent } = await signInWith(server, rp);
    const page = await agent.open(
      endSession({
        client_id: client.clientId,
        post_logout_redirect_uri: AFTER_LOGOUT,
        state: "a-state",
      }),
    );
    expect(page.html).to.include("Do you want to sign out?").and.include("Test application");
    const { url: end } = await agent.submit(page, { logout: "yes" });
    expect(end.href).to.equal(`${AFTER_LOGOUT}?state=a-state`);
    expect(await isSignedIn(agent)).to.equal(false);
  });

  it("keeps the session when the person chooses to stay, and says so", async () => {
    const { agent } = await signInWith(server, rp);
    const page = await agent.open(endSession({ client_id: client.clientId }));
    const stayed = await agent.submit(page, {});
    expect(stayed.html).to.include("You stay signed in here");
    expect(stayed.html).to.include("Only Test application was signed out");
    expect(await isSignedIn(agent)).to.equal(true);
  });

  describe("does not ask when the application proves that it is its session (§2, §4)", () => {
    it("signs out at once and returns with state", async () => {
      const { agent, tokens } = await signInWith(server, rp);
      const url = openid.buildEndSessionUrl(config, {
        id_token_hint: tokens.id_token ?? "",
        post_logout_redirect_uri: AFTER_LOGOUT,
        state: "a-state",
      });
      const { url: end } = await agent.open(url);
      expect(end.href).to.equal(`${AFTER_LOGOUT}?state=a-state`);
      expect(agent.cookies.map(({ name }) => name)).to.not.include("latchkey_session");
      expect(await isSignedIn(agent)).to.equal(false);
      expect(await refusalOf(rp.refresh(tokens.refresh_token ?? ""))).to.include({
        error: "invalid_grant",
      });
    });

    it("signs out of every node's sight: the same cookie is worth nothing (ASVS 7.4.1)", async () => {
      const { agent, tokens } = await signInWith(server, rp);
      const copy = createUserAgent(server.issuer);
      copy.cookies.push(...agent.cookies);
      await agent.open(endSession({ id_token_hint: tokens.id_token ?? "" }));
      expect(await isSignedIn(copy)).to.equal(false);
    });

    it("shows a page of its own, which names what ended and what did not, when no address is asked for (§3)", async () => {
      const told = await createTestClient(server, {
        client_name: "Payroll",
        backchannel_logout_uri: "http://127.0.0.1:1/backchannel",
      });
      const offline = await createTestClient(server, { client_name: "Backup" });
      const { agent, tokens } = await signInWith(server, rp);
      await signInWith(server, await connect(server, told), { agent });
      await signInWith(server, await connect(server, offline), {
        agent,
        parameters: { scope: "openid offline_access", prompt: "consent" },
      });
      const done = await agent.open(endSession({ id_token_hint: tokens.id_token ?? "" }));
      expect([done.status, done.url.pathname]).to.deep.equal([200, "/session/end/success"]);
      expect(listAfter(done, "Told that you signed out")).to.deep.equal(["Payroll"]);
      expect(listAfter(done, "May keep you signed in")).to.deep.equal([
        "Test application",
        "Backup",
      ]);
      expect(listAfter(done, "Keep access while you are away")).to.deep.equal(["Backup"]);
    });

    it("also by a hint that has expired (§4)", async () => {
      const { agent, tokens } = await signInWith(server, rp);
      const { exp = 0 } = tokens.claims ?? {};
      expect(exp).to.be.a("number");
      await laterBy(7200, async () => {
        const page = await agent.open(endSession({ id_token_hint: tokens.id_token ?? "" }));
        expect(page.html).to.include("You are signed out");
      });
    });

    it("but asks for a hint of another session of the same person, by its sid", async () => {
      const named = await createTestClient(server, {
        backchannel_logout_uri: "http://127.0.0.1:1/backchannel",
        backchannel_logout_session_required: true,
      });
      const namedRp = await connect(server, named);
      const { tokens: elsewhere } = await signInWith(server, namedRp);
      const { agent } = await signInWith(server, namedRp);
      expect(elsewhere.claims).to.have.property("sid");
      const page = await agent.open(endSession({ id_token_hint: elsewhere.id_token ?? "" }));
      expect(page.html).to.include("Do you want to sign out?");
      expect(await isSignedIn(agent)).to.equal(true);
    });

    it("but asks for a hint of an application that this session was not opened for", async () => {
      const other = await connect(server, await createTestClient(server));
      const { tokens: elsewhere } = await signInWith(server, other);
      const { agent } = await signInWith(server, rp);
      const page = await agent.open(endSession({ id_token_hint: elsewhere.id_token ?? "" }));
      expect(page.html).to.include("Do you want to sign out?");
    });

    it("but asks for a hint of somebody else", async () => {
      const grace = { username: "grace", password: "another long passphrase" };
      await server.app.createAccount({
        ...grace,
        email: "grace@example.com",
        emailVerified: true,
        profile: {},
      });
      const attempt = await rp.begin();
      const elsewhere = createUserAgent(server.issuer);
      const theirs = await rp.redeem(attempt, await authorize(elsewhere, attempt.url, grace));
      const { agent } = await signInWith(server, rp);
      const page = await agent.open(endSession({ id_token_hint: theirs.id_token ?? "" }));
      expect(page.html).to.include("Do you want to sign out?");
      expect(await isSignedIn(agent)).to.equal(true);
    });
  });

  it("ends the refresh token of the session, and not one with offline_access (OIDC Core §11)", async () => {
    const { agent, tokens } = await signInWith(server, rp);
    const otherClient = await createTestClient(server);
    const offlineRp = await connect(server, otherClient);
    const { tokens: offline } = await signInWith(server, offlineRp, {
      agent,
      parameters: { scope: "openid offline_access", prompt: "consent" },
    });
    await signOut(agent);
    expect(await refusalOf(rp.refresh(tokens.refresh_token ?? ""))).to.include({
      error: "invalid_grant",
    });
    const subject = String(tokens.claims?.["sub"]);
    expect(await refusalOf(rp.userinfo(tokens.access_token, subject))).to.include({
      error: "invalid_token",
    });
    const kept = await offlineRp.refresh(offline.refresh_token ?? "");
    expect(await offlineRp.userinfo(kept.access_token, subject)).to.include({ sub: subject });
  });

  it("makes the cookie of the ended session worthless, also when it is sent again (ASVS 7.4.1)", async () => {
    const { agent } = await signInWith(server, rp);
    const stolen = createUserAgent(server.issuer);
    stolen.cookies.push(...agent.cookies);
    expect(await isSignedIn(stolen)).to.equal(true);
    const again = createUserAgent(server.issuer);
    again.cookies.push(...agent.cookies);
    await signOut(agent);
    expect(await isSignedIn(again)).to.equal(false);
  });

  describe("leads nowhere but to an address registered for a known client (AC-03)", () => {
    const addresses = [
      "https://evil.example/",
      `${AFTER_LOGOUT}/more`,
      `${AFTER_LOGOUT}?more=1`,
      AFTER_LOGOUT.toUpperCase(),
      "//evil.example/signed-out",
      "javascript:alert(1)",
    ];

    it("with a hint: an error page", async () => {
      const { agent, tokens } = await signInWith(server, rp);
      for (const address of addresses) {
        const page = await agent.open(
          endSession({
            id_token_hint: tokens.id_token ?? "",
            post_logout_redirect_uri: address,
          }),
        );
        expect([address, page.status]).to.deep.equal([address, 400]);
      }
      expect(await isSignedIn(agent)).to.equal(true);
    });

    it("without a hint or client: the address is ignored", async () => {
      for (const address of [...addresses, AFTER_LOGOUT]) {
        const { agent } = await signInWith(server, rp);
        const page = await agent.open(endSession({ post_logout_redirect_uri: address }));
        const done = await agent.submit(page, { logout: "yes" });
        expect([address, done.url.origin]).to.deep.equal([address, server.issuer]);
      }
    });
  });

  it("refuses a hint that is forged, or of another client than named (§2)", async () => {
    const { agent, tokens } = await signInWith(server, rp);
    const other = await createTestClient(server);
    const [header, payload] = (tokens.id_token ?? "").split(".");
    const hints = [
      { id_token_hint: `${header}.${payload}.AAAA` },
      { id_token_hint: "garbage" },
      { id_token_hint: tokens.id_token ?? "", client_id: other.clientId },
    ];
    for (const hint of hints) {
      expect((await agent.open(endSession(hint))).status).to.equal(400);
    }
  });

  it("signs nobody out without the secret of the form (AC-40)", async () => {
    const { agent } = await signInWith(server, rp);
    const page = await agent.open(endSession({}));
    const forged = await agent.submit(page, { logout: "yes", xsrf: "guessed" });
    expect(forged.status).to.equal(400);
    expect(await isSignedIn(agent)).to.equal(true);
  });

  it("answers a confirmation without cookies with a page, not a 5xx", async () => {
    const { agent } = await signInWith(server, rp);
    const page = await agent.open(endSession({}));
    const answer = await createUserAgent(server.issuer).submit(page, { logout: "yes" });
    expect(answer.status).to.equal(400);
    expect(answer.headers.get("Content-Type")).to.match(/^text\/html/);
  });

  it("leads somebody who is not signed in on, without asking", async () => {
    const agent = createUserAgent(server.issuer);
    const page = await agent.open(
      endSession({ client_id: client.clientId, post_logout_redirect_uri: AFTER_LOGOUT }),
    );
    const { url } = await agent.submit(page, {});
    expect(url.href).to.equal(AFTER_LOGOUT);
  });

  describe("back-channel logout (OpenID Connect Back-Channel Logout 1.0)", () => {
    let receiver: Server;
    let uri: string;
    const received: string[] = [];
    before(async () => {
      const port = await freePort();
      uri = `http://127.0.0.1:${port}/backchannel`;
      receiver = createServer((req, res) => {
        let body = "";
        req.on("data", (chunk: Buffer) => (body += chunk.toString()));
        req.on("end", () => {
          received.push(new URLSearchParams(body).get("logout_token") ?? "");
          res.end();
        });
      });
      await new Promise<void>((resolve) => receiver.listen(port, "127.0.0.1", resolve));
    });
    after(() => receiver.close());

    it("tells clients with a signed logout token of the session (§2.4, §2.5)", async () => {
      const told = await createTestClient(server, {
        backchannel_logout_uri: uri,
        backchannel_logout_session_required: true,
      });
      const { agent, tokens, subject } = await signInWith(server, await connect(server, told));
      await signOut(agent);
      await eventually("the client was told", () => received.length > 0);
      expect(received).to.have.length(1);
      const jwks = createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
      const { payload } = await jwtVerify(received[0] ?? "", jwks, {
        issuer: server.issuer,
        audience: told.clientId,
        typ: "logout+jwt",
      });
      expect(payload).to.include({ sub: subject, sid: tokens.claims?.["sid"] });
      expect(payload).to.include.keys("jti", "iat", "exp", "events").and.not.have.property("nonce");
    });

    it("signs out all the same when a client does not answer", async () => {
      const dead = await createTestClient(server, {
        backchannel_logout_uri: `http://127.0.0.1:${await freePort()}/backchannel`,
      });
      const { agent } = await signInWith(server, await connect(server, dead));
      await signOut(agent);
      expect(await isSignedIn(agent)).to.equal(false);
    });
  });

  function endSession(parameters: Record<string, string>): URL {
    const url = new URL(`${server.issuer}/session/end`);
    url.search = new URLSearchParams(parameters).toString();
    return url;
  }

  /** What stands in the list below the heading that begins so. */
  function listAfter({ html }: Page, heading: string): string[] {
    const section = html.slice(html.indexOf(heading)).split("</section>")[0] ?? "";
    return [...section.matchAll(/<span>([^<]*)/g)].map(([, name = ""]) => name);
  }

  async function signOut(agent: UserAgent): Promise<Page> {
    return agent.submit(await agent.open(endSession({})), { logout: "yes" });
  }

  async function isSignedIn(agent: UserAgent): Promise<boolean> {
    const { url } = await rp.begin({ prompt: "none" });
    const { url: answer } = await agent.open(url);
    expect(answer.searchParams.get("error")).to.be.oneOf([null, "login_required"]);
    return answer.searchParams.has("code");
  }
});
