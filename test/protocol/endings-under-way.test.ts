import { expect } from "chai";
import { createApp } from "../../src/app.js";
import { loadConfig } from "../../src/config/load-config.js";
import { openDeployment } from "../../src/deployment.js";
import { systemClock } from "../../src/lib/clock.js";
import { createLogger } from "../../src/lib/logger.js";
import type { EndAllOptions } from "../../src/oidc/end-sessions.js";
import type { SessionFacts } from "../../src/oidc/session-facts.js";
import { describeOnPostgresAndRedis } from "../support/postgres-and-redis.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { startServerNodes } from "../support/server-nodes.js";
import { signInWith, type SignedIn } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

const OFFLINE = { scope: "openid offline_access", prompt: "consent" };
const EVERYTHING: EndAllOptions = { reason: "person", includingOffline: true };

describe("what is under way while sessions end", () => {
  describeUnderWay(() => startTestServer());
});

describeOnPostgresAndRedis(
  "what is under way at one node while another ends sessions",
  (stores) => {
    describeUnderWay(async () => {
      const nodes = await startServerNodes({
        environment: {
          NODE_ENV: "development",
          DATABASE_URL: stores().databaseUrl,
          REDIS_URL: stores().redisUrl,
          DEMONSTRATION_DATA: "false",
        },
      });
      const node = await openNode(nodes.environment);
      const close = async () => {
        await node.close();
        await nodes.close();
      };
      return { ...nodes, app: node.app, close };
    });
  },
);

/** Sessions end by `server.app`, which with several nodes is none of those that the browsers use. */
function describeUnderWay(start: () => Promise<TestServer>): void {
  let server: TestServer;
  let client: TestClient;
  let rp: RelyingParty;
  before(async function () {
    this.timeout(180_000);
    server = await start();
  });
  beforeEach(async () => {
    client = await createTestClient(server);
    rp = await connect(server, client);
  });
  after(() => server?.close());

  const endAll = async (options: EndAllOptions) =>
    server.app.endSessions.endAllOfAccount(await accountIdOf(server), options);

  /** A browser that goes on only when it is told to, once a form has been answered. */
  function createPausedAgent(earlier?: UserAgent) {
    let isPaused = true;
    const agent = createUserAgent(server.issuer, {
      stopsAt: ({ pathname }) => isPaused && /^\/auth\/[^/]+$/.test(pathname),
    });
    agent.cookies.push(...(earlier?.cookies ?? []));
    return {
      agent,
      goOn: async (url: URL) => {
        isPaused = false;
        return agent.open(url);
      },
    };
  }

  /** The password is accepted, and the answer has not been followed. */
  async function beginSignIn() {
    const { agent, goOn } = createPausedAgent();
    const attempt = await rp.begin();
    const login = await agent.open(attempt.url);
    const typed = { identifier: server.username, password: server.password };
    const { url } = await agent.submit(login, typed, { action: /\/login$/ });
    expect(url.pathname).to.match(/^\/auth\//);
    return { attempt, agent, goOn: () => goOn(url) };
  }

  async function expectSignedOut(agent: UserAgent): Promise<void> {
    const { url } = await agent.open((await rp.begin({ prompt: "none" })).url);
    expect(url.searchParams.get("error")).to.equal("login_required");
  }

  for (const includingOffline of [true, false]) {
    it(`a sign-in ends with all others, ${includingOffline ? "offline access included" : "offline access not"}`, async () => {
      const current = await signInWith(server, rp);
      const { agent, goOn } = await beginSignIn();
      const except = await sessionOf(server, client);
      await endAll({ reason: "person", includingOffline, except });
      const page = await goOn();
      expect(page.url.searchParams.get("code"), page.url.href).to.equal(null);
      await expectSignedOut(agent);
      expect(await canRefresh(rp, current), "the one that stays").to.equal(true);
      const { tokens } = await signInWith(server, rp, { agent: current.agent });
      expect(tokens.access_token).to.be.a("string");
      const later = await signInWith(server, rp);
      expect(await canRefresh(rp, later), "a new one").to.equal(true);
    });
  }

  it("a sign-in ends with all", async () => {
    const { agent, goOn } = await beginSignIn();
    await endAll(EVERYTHING);
    expect((await goOn()).url.searchParams.get("code")).to.equal(null);
    await expectSignedOut(agent);
  });

  it("a consent to offline access gives nothing when its session has ended with that", async () => {
    const signedIn = await signInWith(server, rp);
    const { agent, goOn } = createPausedAgent(signedIn.agent);
    const attempt = await rp.begin(OFFLINE);
    const asked = await agent.open(attempt.url);
    const { url } = await agent.submit(asked, { decision: "allow" }, { action: /\/consent$/ });
    const session = await sessionOf(server, client);
    await server.app.endSessions.endSession(session, EVERYTHING);
    const page = await goOn(url);
    expect(page.url.searchParams.get("code"), page.url.href).to.equal(null);
    await expectSignedOut(agent);
    // The consent made a grant, perhaps; it never had a code or token, and nothing leads to it.
    const grants = await server.app.models.listGrants(await accountIdOf(server));
    const used = grants.filter(({ payload, lastIssuedAtSeconds }) => {
      return payload["clientId"] === client.clientId && lastIssuedAtSeconds !== undefined;
    });
    expect(used).to.deep.equal([]);
  });

  it("what an application got since the session was looked up ends with it, and it is told", async () => {
    const signedIn = await signInWith(server, rp);
    const session = await sessionOf(server, client);
    const other = await connect(server, await createTestClient(server));
    const { agent } = signedIn;
    const late = await signInWith(server, other, { agent, parameters: OFFLINE });
    await server.app.endSessions.endSession(session, EVERYTHING);
    expect(await canRefresh(other, late)).to.equal(false);
    expect(await canRefresh(rp, signedIn)).to.equal(false);
  });
}

/** In one process, whose steps can be held up. */
describe("what is under way while sessions end, step by step", () => {
  let server: TestServer;
  let client: TestClient;
  let rp: RelyingParty;
  before(async () => {
    server = await startTestServer();
    client = await createTestClient(server, {}, { firstParty: true });
    rp = await connect(server, client);
  });
  after(() => server?.close());

  it("a sign-in with a password that is changed while it is verified ends (ASVS 7.4.3)", async () => {
    const held = holdAnswer(server.app.accounts, "findForSignIn");
    const signingIn = signInWith(server, rp).then(
      () => "signed in",
      () => "refused",
    );
    await held.reached;
    const account = await server.app.accounts.findForSignIn(server.username);
    if (account === undefined) throw new Error("no account");
    await server.app.setPassword(account.account.id, server.password);
    // Long after: the second of the change is over.
    held.release();
    expect(await signingIn).to.equal("refused");
    expect(await server.app.sessionDirectory.listSessions(await accountIdOf(server))).to.be.empty;
  });

  it("a code that is issued between the record of an ending and its end is refused with its grant", async () => {
    const signedIn = await signInWith(server, rp);
    const otherClient = await createTestClient(server, {}, { firstParty: true });
    const other = await connect(server, otherClient);
    const session = await sessionOf(server, client);
    const held = holdAnswer(server.app.models, "findSessionByUid");
    const ending = server.app.endSessions.endSession(session, EVERYTHING);
    await held.reached;
    // A node that has not been told yet.
    const { models, revocations } = server.app;
    const { isRevoked } = revocations;
    revocations.isRevoked = async () => false;
    const attempt = await other.begin({ scope: "openid offline_access" });
    const { url } = await signedIn.agent.open(attempt.url);
    revocations.isRevoked = isRevoked;
    held.release();
    await ending;
    expect(url.searchParams.get("code")).to.equal(null);
    const grants = await models.listGrants(await accountIdOf(server));
    expect(grants.map(({ payload }) => payload["clientId"])).to.not.include(otherClient.clientId);
  });
});

/** One more node, in this process. */
async function openNode(environment: Readonly<Record<string, string>>) {
  const config = loadConfig(environment);
  const logger = createLogger({ level: "error", format: "json" });
  const deployment = await openDeployment(config, { logger });
  const app = await createApp({ config, ...deployment, clock: systemClock, logger });
  const close = async () => {
    await app.close();
    await deployment.close();
  };
  return { app, close };
}

async function accountIdOf(server: TestServer): Promise<string> {
  return String((await server.app.accounts.findForSignIn(server.username))?.account.id);
}

/** The only one that the client takes part in. */
async function sessionOf(server: TestServer, { clientId }: TestClient): Promise<SessionFacts> {
  const sessions = await server.app.sessionDirectory.listSessions(await accountIdOf(server));
  const takesPart = (each: SessionFacts) => each.clients.some((one) => one.clientId === clientId);
  const [found, another] = sessions.filter(takesPart);
  if (found === undefined || another !== undefined) throw new Error("it has not one session");
  return found;
}

async function canRefresh(rp: RelyingParty, { tokens }: SignedIn): Promise<boolean> {
  return rp.refresh(String(tokens.refresh_token)).then(
    () => true,
    () => false,
  );
}

/** Holds the next answer of a method until it is told to let it go; later calls are answered at once. */
function holdAnswer<Name extends string>(
  target: { [name in Name]: (...asked: never[]) => Promise<unknown> },
  name: Name,
) {
  const method = target[name];
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const held = async (...asked: never[]) => {
    target[name] = method;
    const answer = await method(...asked);
    reached.resolve();
    await released.promise;
    return answer;
  };
  target[name] = held;
  return { reached: reached.promise, release: () => released.resolve() };
}
