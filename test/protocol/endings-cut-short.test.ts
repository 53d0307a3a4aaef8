import { expect } from "chai";
import { LatchkeyError } from "../../src/lib/errors.js";
import { eventually } from "../support/eventually.js";
import { startFaultProxy, type FaultProxy } from "../support/fault-proxy.js";
import { describeOnPostgresAndRedis } from "../support/postgres-and-redis.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { startServerNodes, type ServerNodes } from "../support/server-nodes.js";
import { signInWith, type SignedIn } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const OFFLINE = { scope: "openid offline_access", prompt: "consent" };
const EVERYTHING = { reason: "person", includingOffline: true } as const;
/** Nobody listens there, and nothing is sent: what counts is that a logout is due. */
const TOLD = {
  backchannel_logout_uri: "http://127.0.0.1:9/logout",
  backchannel_logout_session_required: true,
};
const METHODS = {
  logoutDeliveries: ["enqueue"],
  revocations: ["revoke", "isRevokedNow"],
  endings: ["request", "finish"],
  models: ["listSessions", "listGrants", "findSessionByUid", "revokeByGrantId", "destroy"],
} as const;

/** Each step of each ending fails once, every other one after it was done; then the ending is asked for again. */
describe("an ending that is cut short by an outage", () => {
  let server: TestServer;
  let client: TestClient;
  let rp: RelyingParty;
  before(async () => {
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    client = await createTestClient(server, TOLD);
    rp = await connect(server, client);
  });
  after(() => server?.close());

  const accountId = async () =>
    String((await server.app.accounts.findForSignIn(server.username))?.account.id);

  async function endOne({ handle }: Pick<Endable, "handle">): Promise<void> {
    const session = await server.app.sessionDirectory.findToEnd(handle);
    // Nothing was left to be done.
    if (session !== undefined) await server.app.endSessions.endSession(session, EVERYTHING);
  }

  const ENDINGS: Record<string, (endable: Endable) => Promise<void>> = {
    "of one session": endOne,
    "of all others": async ({ kept }) => {
      const except = await server.app.sessionDirectory.findByHandle(kept);
      const { endSessions } = server.app;
      await endSessions.endAllOfAccount(await accountId(), { ...EVERYTHING, except });
    },
    "of all": async () => {
      await server.app.endSessions.endAllOfAccount(await accountId(), EVERYTHING);
    },
  };

  for (const [title, end] of Object.entries(ENDINGS)) {
    it(`${title} is completed when it is asked for again`, async function () {
      this.timeout(120_000);
      for (let step = 0; ; step++) {
        const isDone = step % 2 === 1;
        const kept = await signInWith(server, rp);
        const signedIn = await signInWith(server, rp, { parameters: OFFLINE });
        const endable = { handle: await handleOf(signedIn), kept: await handleOf(kept) };
        const failing = failStep(server, step, isDone);
        const outcome = await end(endable).then(
          () => "acknowledged",
          () => "failed",
        );
        failing.restore();
        const isCutShort = failing.hasFailed();
        expect(outcome).to.equal(isCutShort ? "failed" : "acknowledged");
        await end(endable);
        await expectEnded(signedIn, `step ${step}`);
        await endOne({ handle: endable.kept });
        if (!isCutShort) break;
      }
    });
  }

  const sidOf = ({ tokens }: SignedIn) => String(tokens.claims?.["sid"]);

  async function handleOf(signedIn: SignedIn): Promise<string> {
    const { sessionDirectory } = server.app;
    const found = (await sessionDirectory.listSessions(await accountId())).find(({ clients }) =>
      clients.some(({ sid }) => sid === sidOf(signedIn)),
    );
    if (found === undefined) throw new Error("it has no session");
    return sessionDirectory.handleOf(found);
  }

  async function expectEnded(signedIn: SignedIn, when: string): Promise<void> {
    const { models, logoutDeliveries } = server.app;
    const stored = await models.listSessions(await accountId());
    expect(JSON.stringify(stored), when).to.not.include(sidOf(signedIn));
    const refreshed = await rp
      .refresh(String(signedIn.tokens.refresh_token))
      .catch(() => "refused");
    expect(refreshed, when).to.equal("refused");
    const told = await logoutDeliveries.list({ clientId: client.clientId, limit: 1000 });
    expect(
      told.filter(({ sid }) => sid === sidOf(signedIn)),
      when,
    ).to.have.length(1);
  }
});

interface Endable {
  readonly handle: string;
  readonly kept: string;
}

/** @param isDone the step is done, and its answer lost; else it is not done. */
function failStep({ app }: TestServer, failingStep: number, isDone: boolean) {
  let step = 0;
  let hasFailed = false;
  const restores: (() => void)[] = [];
  for (const [name, methods] of Object.entries(METHODS)) {
    const store: object = Reflect.get(app, name);
    for (const method of methods) {
      const original: (...asked: unknown[]) => Promise<unknown> = Reflect.get(store, method);
      Reflect.set(store, method, async (...asked: unknown[]) => {
        const fails = step++ === failingStep;
        if (!fails || isDone) {
          const answer = await original(...asked);
          if (!fails) return answer;
        }
        hasFailed = true;
        throw new LatchkeyError("store_unavailable", "The store is away.", { status: 503 });
      });
      restores.push(() => Reflect.set(store, method, original));
    }
  }
  return { hasFailed: () => hasFailed, restore: () => restores.forEach((restore) => restore()) };
}

describeOnPostgresAndRedis("an ending whose node is killed in the middle", (stores) => {
  let nodes: ServerNodes;
  let proxy: FaultProxy;
  let client: TestClient;
  let rp: RelyingParty;
  before(async function () {
    this.timeout(180_000);
    nodes = await startServerNodes({
      environment: {
        NODE_ENV: "development",
        DEMONSTRATION_DATA: "false",
        OUTBOUND_ALLOWED_HOSTS: "127.0.0.1",
        DATABASE_URL: stores().databaseUrl,
        REDIS_URL: stores().redisUrl,
      },
    });
    proxy = await startFaultProxy(stores().redisUrl);
    client = await createTestClient(nodes, TOLD);
    rp = await connect(nodes, client);
  });
  after(async function () {
    this.timeout(180_000);
    await nodes?.close();
    await proxy?.close();
  });

  const [first, second] = [0, 1];
  const nodeOf = (index: number) => {
    const node = nodes.nodes[index];
    if (node === undefined) throw new Error("no such node");
    return node;
  };

  function invalidate(index: number, { agent }: SignedIn, body: unknown) {
    const cookies = agent.cookies.filter(({ name }) => name.startsWith("latchkey_session"));
    return nodeOf(index).request("/session/invalidate", {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Origin: new URL(nodes.issuer).origin,
        Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
      },
      body: JSON.stringify(body),
    });
  }

  /** Its way to Redis is slow, so that it dies after the record and before it has deleted anything. */
  async function killInTheMiddle(signedIn: SignedIn, body: unknown, table: string): Promise<void> {
    await nodeOf(first).stop("SIGTERM");
    await nodeOf(first).start({ REDIS_URL: proxy.url });
    await proxy.be({ mode: "latency", ms: 400 });
    const { knex } = nodes.database;
    const [before] = await knex(table).count({ count: "*" });
    const answer = invalidate(first, signedIn, body).then(
      ({ status }) => status,
      () => "none",
    );
    await eventually("the record is written", async () => {
      const [now] = await knex(table).count({ count: "*" });
      return Number(now?.["count"]) > Number(before?.["count"]);
    });
    await nodeOf(first).stop("SIGKILL");
    expect(await answer).to.equal("none");
    await proxy.be("none");
    await nodeOf(first).start();
  }

  const canRefresh = ({ tokens }: SignedIn) =>
    rp.refresh(String(tokens.refresh_token)).then(
      () => true,
      () => false,
    );

  async function expectTold({ tokens }: SignedIn): Promise<void> {
    const { logoutDeliveries } = nodes.app;
    await eventually("its client is told", async () => {
      const told = await logoutDeliveries.list({ clientId: client.clientId, limit: 100 });
      return told.filter(({ sid }) => sid === tokens.claims?.["sid"]).length === 1;
    });
  }

  it("of all others is true at the other node, and is completed there by asking again", async function () {
    this.timeout(180_000);
    const current = await signInWith(nodes, rp);
    const other = await signInWith(nodes, rp, { parameters: OFFLINE });
    const body = { all: true, keep_current: true };
    await killInTheMiddle(current, body, "revocation");
    expect(await canRefresh(other)).to.equal(false);
    const { status, body: answer } = await invalidate(second, current, body);
    expect([status, JSON.parse(answer).active]).to.deep.equal([200, true]);
    expect(JSON.parse(answer).ended).to.have.length(1);
    expect(await canRefresh(current)).to.equal(true);
    await expectTold(other);
  });

  it("of all is true at the other node, which completes it when the lease is over", async function () {
    this.timeout(180_000);
    const signedIn = await signInWith(nodes, rp, { parameters: OFFLINE });
    await killInTheMiddle(signedIn, { all: true }, "session_ending");
    expect(await canRefresh(signedIn)).to.equal(false);
    const { knex } = nodes.database;
    await knex("session_ending").update({ due_at: 0 });
    await expectTold(signedIn);
    await eventually("nothing is left to be done", async () => {
      const [left] = await knex("session_ending").count({ count: "*" });
      return Number(left?.["count"]) === 0;
    });
  });
});
