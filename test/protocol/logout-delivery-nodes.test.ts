import { expect } from "chai";
import type { LogoutDelivery } from "../../src/sessions/logout-delivery-store.js";
import { eventually } from "../support/eventually.js";
import { startLogoutReceiver, type LogoutReceiver } from "../support/logout-receiver.js";
import { reportMissing } from "../support/missing-services.js";
import {
  createTestPostgres,
  findPostgresProblem,
  HOW_TO_GET_POSTGRES,
} from "../support/postgres.js";
import { connect } from "../support/relying-party-libraries.js";
import { startServerNodes, type ServerNodes } from "../support/server-nodes.js";
import { signInWith } from "../support/sign-in-with.js";
import type { TestDatabase } from "../support/stores.js";
import { createTestClient, type TestClient } from "../support/test-client.js";

const COUNT = 200;
/** A lease of 30 s, and the time in which other nodes look. */
const AFTER_LEASE_MS = 40_000;

/** OpenID Connect Back-Channel Logout 1.0, with two nodes on one database. */
describe("back-channel logout of two nodes", function () {
  this.timeout(180_000);
  let nodes: ServerNodes;
  let database: TestDatabase;
  const receivers: LogoutReceiver[] = [];

  before(async function () {
    const problem = await findPostgresProblem();
    if (problem !== undefined) {
      if (process.env["CI"] === "true") throw problem;
      reportMissing("PostgreSQL", HOW_TO_GET_POSTGRES);
      this.skip();
    }
    database = await createTestPostgres();
    nodes = await startServerNodes({
      environment: {
        DATABASE_URL: database.url,
        OUTBOUND_ALLOWED_HOSTS: "127.0.0.1",
        LOG_LEVEL: "info",
        // Only for those that say so: nothing of ours goes through it.
        HTTP_PROXY: "http://127.0.0.1:9",
      },
    });
  });
  after(async () => {
    await Promise.all(receivers.map((receiver) => receiver.close()));
    await nodes?.close();
    await database?.drop();
  });

  async function createToldClient(delayMs = 0) {
    const receiver = await startLogoutReceiver({ issuer: nodes.issuer, delayMs });
    receivers.push(receiver);
    const client = await createTestClient(nodes, {
      backchannel_logout_uri: receiver.uri,
      backchannel_logout_session_required: true,
    });
    return { receiver, client };
  }

  async function signOut(client: TestClient): Promise<string> {
    const { agent, tokens } = await signInWith(nodes, await connect(nodes, client));
    const page = await agent.open(`${nodes.issuer}/session/end`);
    const { status } = await agent.submit(page, { logout: "yes" });
    expect(status).to.equal(200);
    return String(tokens.claims?.["sid"]);
  }

  async function deliveriesOf({ clientId }: TestClient): Promise<LogoutDelivery[]> {
    return nodes.app.logoutDeliveries.list({ clientId, limit: 2 * COUNT });
  }

  const isDelivered = async (client: TestClient) =>
    (await deliveriesOf(client)).every(({ state }) => state === "delivered");

  const deliveredBy = ({ clientId }: TestClient) =>
    nodes.nodes.map(
      (node) =>
        node
          .output()
          .split("\n")
          .filter((line) => line.includes('"logout.delivered"') && line.includes(clientId)).length,
    );

  /** One node signs the person out and asks the receiver, which never answers; then the other starts. */
  async function holdAtFirstNode(client: TestClient, receiver: LogoutReceiver) {
    const [first, second] = nodes.nodes;
    if (first === undefined || second === undefined) throw new Error("two nodes were started");
    await second.stop("SIGTERM");
    await receiver.be("silent");
    const sid = await signOut(client);
    await eventually("the first node asks", () => receiver.requests() === 1);
    await second.start();
    return { holder: first, sid };
  }

  it(`delivers each of ${COUNT} that wait for both once`, async () => {
    const { receiver, client } = await createToldClient(20);
    const { clientId } = client;
    const logouts = Array.from({ length: COUNT }, (_, index) => ({
      clientId,
      accountId: "acct_1",
      sid: `sid-${index}`,
      destination: new URL(receiver.uri).host,
    }));
    await nodes.app.logoutDeliveries.enqueue(logouts);
    await eventually("all are delivered", () => isDelivered(client), 30_000);
    const told = receiver.accepted.map(({ payload }) => String(payload["sid"]));
    expect(told.toSorted()).to.deep.equal(logouts.map(({ sid }) => sid).toSorted());
    expect(receiver.requests()).to.equal(COUNT);
    expect(receiver.invalid).to.deep.equal([]);
    await eventually("both have said so", () => {
      const [first = 0, second = 0] = deliveredBy(client);
      return first + second === COUNT && first > 0 && second > 0;
    });
  });

  it("delivers at the other what a node held that was killed, when its lease has ended", async () => {
    const { receiver, client } = await createToldClient();
    const { holder, sid } = await holdAtFirstNode(client, receiver);
    await holder.stop("SIGKILL");
    await receiver.be("well");
    await eventually("it was delivered", () => isDelivered(client), AFTER_LEASE_MS);
    expect(receiver.accepted.map(({ payload }) => payload["sid"])).to.deep.equal([sid]);
    expect(receiver.requests()).to.equal(2);
    await holder.start();
  });

  it("delivers at the other, at once, what a node gives back that was told to stop", async () => {
    const { receiver, client } = await createToldClient();
    const { holder, sid } = await holdAtFirstNode(client, receiver);
    const begunAtMs = performance.now();
    const stopping = holder.stop("SIGTERM");
    await receiver.be("well");
    await eventually("it was delivered", () => isDelivered(client), 20_000);
    expect(performance.now() - begunAtMs).to.be.below(10_000);
    expect(await stopping).to.equal(0);
    expect(receiver.accepted.map(({ payload }) => payload["sid"])).to.deep.equal([sid]);
    await holder.start();
  });
});
