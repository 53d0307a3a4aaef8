import { expect } from "chai";
import type { EndAllOptions } from "../../src/oidc/end-sessions.js";
import type { SessionFacts } from "../../src/oidc/session-facts.js";
import { eventually } from "../support/eventually.js";
import { startLogoutReceiver, type LogoutReceiver } from "../support/logout-receiver.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith, type SignedIn } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const OFFLINE = { scope: "openid offline_access", prompt: "consent" };

describe("ending sessions", () => {
  let server: TestServer;
  let receiver: LogoutReceiver;
  let client: TestClient;
  before(async () => {
    server = await startTestServer({
      environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" },
      deliversLogouts: true,
    });
  });
  beforeEach(async () => {
    receiver = await startLogoutReceiver({ issuer: server.issuer });
    client = await createTestClient(server, {
      backchannel_logout_uri: receiver.uri,
      backchannel_logout_session_required: true,
    });
  });
  afterEach(() => receiver.close());
  after(() => server?.close());

  const everything: EndAllOptions = { reason: "administrator", includingOffline: true };

  const signIn = async (options: Parameters<typeof signInWith>[2] = {}) =>
    signInWith(server, await connect(server, client), options);

  async function accountId(): Promise<string> {
    return String((await server.app.accounts.findForSignIn(server.username))?.account.id);
  }

  const list = async () => server.app.sessionDirectory.listSessions(await accountId());

  async function sessionOf({ tokens }: SignedIn): Promise<SessionFacts> {
    const sid = tokens.claims?.["sid"];
    const found = (await list()).find(({ clients }) => clients.some((each) => each.sid === sid));
    if (found === undefined) throw new Error("it has no session");
    return found;
  }

  const isSignedIn = async (signedIn: SignedIn) =>
    (await list()).some(({ clients }) =>
      clients.some(({ sid }) => sid === signedIn.tokens.claims?.["sid"]),
    );

  async function canRefresh({ tokens }: SignedIn): Promise<boolean> {
    const rp = await connect(server, client);
    return rp.refresh(String(tokens.refresh_token)).then(
      () => true,
      () => false,
    );
  }

  const told = () => receiver.accepted.map(({ payload }) => String(payload["sid"]));

  it("ends one session with its grants and tokens, tells its client once, and leaves another", async () => {
    const [one, other] = [await signIn(), await signIn()];
    const ended = await server.app.endSessions.endSession(await sessionOf(one), {
      reason: "person",
      includingOffline: false,
    });
    expect(ended.clients).to.deep.equal([client.clientId]);
    expect(await isSignedIn(one)).to.equal(false);
    expect(await canRefresh(one)).to.equal(false);
    expect([await isSignedIn(other), await canRefresh(other)]).to.deep.equal([true, true]);
    await eventually("the client was told", () => told().length > 0);
    expect(told()).to.deep.equal([one.tokens.claims?.["sid"]]);
    const again = await one.agent.open(`${server.issuer}/session/end`);
    expect(again.status).to.equal(200);
  });

  it("leaves offline access when one session ends, unless that is to end as well", async () => {
    const [one, two] = [
      await signIn({ parameters: OFFLINE }),
      await signIn({ parameters: OFFLINE }),
    ];
    const reason = "person";
    await server.app.endSessions.endSession(await sessionOf(one), {
      reason,
      includingOffline: false,
    });
    expect([await isSignedIn(one), await canRefresh(one)]).to.deep.equal([false, true]);
    await server.app.endSessions.endSession(await sessionOf(two), {
      reason,
      includingOffline: true,
    });
    expect([await isSignedIn(two), await canRefresh(two)]).to.deep.equal([false, false]);
  });

  it("ends all others with their offline access, and leaves the current one its own", async () => {
    const [offline, other] = [await signIn({ parameters: OFFLINE }), await signIn()];
    const current = await signIn({ parameters: OFFLINE });
    // Signed out by itself: only a grant is left of it.
    await server.app.endSessions.endSession(await sessionOf(offline), {
      reason: "person",
      includingOffline: false,
    });
    const ended = await server.app.endSessions.endAllOfAccount(await accountId(), {
      ...everything,
      except: await sessionOf(current),
    });
    expect(ended.length).to.be.greaterThan(0);
    expect(await list()).to.have.length(1);
    expect(await canRefresh(offline)).to.equal(false);
    expect(await canRefresh(other)).to.equal(false);
    expect([await isSignedIn(current), await canRefresh(current)]).to.deep.equal([true, true]);
  });

  it("ends all, also at clients that went offline, and tells each client once for each session", async () => {
    const signedIn = [await signIn(), await signIn({ parameters: OFFLINE })];
    await server.app.endSessions.endAllOfAccount(await accountId(), everything);
    expect(await list()).to.deep.equal([]);
    for (const each of signedIn) expect(await canRefresh(each)).to.equal(false);
    await eventually("the client was told", () => told().length >= 2);
    expect(told()).to.have.members(signedIn.map(({ tokens }) => tokens.claims?.["sid"]));
    expect(await server.app.models.listGrants(await accountId())).to.deep.equal([]);
    expect(await server.app.endings.claim(1)).to.equal(undefined);
    expect(await isSignedIn(await signIn())).to.equal(true);
  });

  it("lists connected apps with what they may do, and withdraws one: its tokens end, the session stays", async () => {
    const one = await signIn({ parameters: { ...OFFLINE, scope: "openid email offline_access" } });
    const apps = await server.app.listApps(await accountId());
    const app = apps.find(({ clientId }) => clientId === client.clientId);
    expect(app).to.deep.include({ name: "Test application", offline: true, firstParty: false });
    expect(app?.scopes).to.include.members(["openid", "email", "offline_access"]);
    expect(app?.lastUsedAtSeconds).to.be.closeTo(Date.now() / 1000, 60);

    await server.app.endSessions.withdrawApp(await accountId(), client.clientId, "person");
    const left = await server.app.listApps(await accountId());
    expect(left.map(({ clientId }) => clientId)).to.not.include(client.clientId);
    expect(await canRefresh(one)).to.equal(false);
    await eventually("the client was told", () => told().length > 0);
    expect(told()).to.deep.equal([one.tokens.claims?.["sid"]]);
    const sessions = await list();
    expect(sessions).to.have.length.greaterThan(0);
    expect(sessions.flatMap(({ clients }) => clients).map((each) => each.clientId)).to.not.include(
      client.clientId,
    );
    // Still signed in, and asked again.
    expect(await isSignedIn(await signIn({ agent: one.agent }))).to.equal(true);
  });

  it("ends all that everybody has at one client, whose sessions go on at others", async () => {
    const elsewhere = await createTestClient(server);
    const one = await signIn();
    await signInWith(server, await connect(server, elsewhere), { agent: one.agent });
    await server.app.endSessions.endAllOfClient(client.clientId, "incident");
    expect(await canRefresh(one)).to.equal(false);
    await eventually("the client was told", () => told().length > 0);
    await eventually("it left the sessions", async () => !(await isSignedIn(one)));
    const clients = (await list()).flatMap((session) =>
      session.clients.map((each) => each.clientId),
    );
    expect(clients).to.include(elsewhere.clientId).and.not.include(client.clientId);
  });

  it("takes a client that is deleted out of the sessions that it had part in; they go on", async () => {
    const one = await signIn();
    const elsewhere = await createTestClient(server);
    await signInWith(server, await connect(server, elsewhere), { agent: one.agent });
    expect(await server.app.clientAdministration.delete(client.clientId)).to.equal(true);
    await eventually("it is forgotten", async () => !(await isSignedIn(one)));
    const clients = (await list()).flatMap((session) =>
      session.clients.map((each) => each.clientId),
    );
    expect(clients).to.include(elsewhere.clientId).and.not.include(client.clientId);
    const grants = await server.app.models.listGrants(await accountId());
    expect(grants.map(({ payload }) => payload["clientId"])).to.not.include(client.clientId);
  });

  it("ends every session and offline grant when the password changes, and tells clients (ASVS 7.4.3)", async () => {
    const signedIn = [await signIn(), await signIn({ parameters: OFFLINE })];
    await server.app.setPassword((await accountId()) as never, server.password);
    expect(await list()).to.deep.equal([]);
    for (const each of signedIn) expect(await canRefresh(each)).to.equal(false);
    await eventually("the client was told", () => told().length >= 2);
    expect(new Set(told()).size).to.equal(2);
  });

  it("leaves nothing of a session whose browser and applications go on while it ends", async () => {
    for (let round = 0; round < 5; round++) {
      const signedIn = await signIn();
      const rp = await connect(server, client);
      const session = await sessionOf(signedIn);
      const attempts = await Promise.all(
        Array.from({ length: 6 }, () => rp.begin({ prompt: "none" })),
      );
      const asking = attempts.map(({ url }) => signedIn.agent.open(url));
      const refreshing = rp.refresh(String(signedIn.tokens.refresh_token)).catch(() => undefined);
      await server.app.endSessions.endSession(session, {
        reason: "person",
        includingOffline: true,
      });
      const answers = await Promise.all(asking);
      const refreshed = await refreshing;
      expect(await isSignedIn(signedIn)).to.equal(false);
      const stored = await server.app.models.listSessions(await accountId());
      expect(stored.map(({ payload }) => payload["uid"])).to.not.include(session.uid);
      for (const [index, { url }] of answers.entries()) {
        const attempt = attempts[index];
        if (attempt === undefined || url.searchParams.get("code") === null) continue;
        const outcome = await rp.redeem(attempt, url).then(
          () => "redeemed",
          () => "refused",
        );
        expect(outcome).to.equal("refused");
      }
      if (refreshed !== undefined) {
        const { status } = await fetch(`${server.issuer}/me`, {
          headers: { Authorization: `Bearer ${refreshed.access_token}` },
        });
        expect(status).to.equal(401);
      }
    }
  });

  it("is completed by whichever server comes first when the one that began it is gone", async () => {
    const signedIn = await signIn({ parameters: OFFLINE });
    // As one that died after this step.
    await server.app.endAccess.ofAccount((await accountId()) as never, { leaseSeconds: 1 });
    expect(await isSignedIn(signedIn)).to.equal(false);
    expect(await canRefresh(signedIn)).to.equal(false);
    await eventually("the client was told", () => told().length > 0);
    expect(told()).to.deep.equal([signedIn.tokens.claims?.["sid"]]);
    await eventually("nothing is left", async () => {
      const [sessions, grants] = await Promise.all([
        server.app.models.listSessions(await accountId()),
        server.app.models.listGrants(await accountId()),
      ]);
      return sessions.length + grants.length === 0;
    });
  });
});
