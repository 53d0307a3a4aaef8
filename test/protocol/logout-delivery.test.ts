import { readFileSync } from "node:fs";
import { expect } from "chai";
import { decodeProtectedHeader } from "jose";
import { LatchkeyError } from "../../src/lib/errors.js";
import type { LogoutDelivery } from "../../src/sessions/logout-delivery-store.js";
import { eventually } from "../support/eventually.js";
import {
  startLogoutReceiver,
  type LogoutReceiver,
  type LogoutReceiverOptions,
} from "../support/logout-receiver.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestCertificates } from "../support/test-certificates.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import type { Page, UserAgent } from "../support/user-agent.js";

/** OpenID Connect Back-Channel Logout 1.0 */
describe("back-channel logout, delivered out of the person's request", () => {
  let server: TestServer;
  const receivers: LogoutReceiver[] = [];
  before(async () => {
    server = await startTestServer({
      environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" },
      deliversLogouts: true,
    });
  });
  after(async () => {
    await Promise.all(receivers.map((receiver) => receiver.close()));
    await server.close();
  });

  async function startReceiver(
    options: Omit<LogoutReceiverOptions, "issuer"> = {},
  ): Promise<LogoutReceiver> {
    const receiver = await startLogoutReceiver({ issuer: server.issuer, ...options });
    receivers.push(receiver);
    return receiver;
  }

  const createToldClient = ({ uri }: LogoutReceiver, sessionRequired = true) =>
    createTestClient(server, {
      backchannel_logout_uri: uri,
      backchannel_logout_session_required: sessionRequired,
    });

  const openLogout = (agent: UserAgent) => agent.open(`${server.issuer}/session/end`);
  async function signOut(agent: UserAgent): Promise<Page> {
    return agent.submit(await openLogout(agent), { logout: "yes" });
  }

  async function deliveryOf({ clientId }: TestClient): Promise<LogoutDelivery | undefined> {
    const [delivery] = await server.app.logoutDeliveries.list({ clientId, limit: 1 });
    return delivery;
  }

  const auditOf = (client: TestClient, event: string) =>
    server.logs.filter((line) => line["event"] === event && line["clientId"] === client.clientId);

  async function waitForState(client: TestClient, state: LogoutDelivery["state"]): Promise<void> {
    await eventually(`the logout is ${state}`, async () => {
      return (await deliveryOf(client))?.state === state;
    });
  }

  it("tells each client of the session once, of its own sid, and no other client (§2.3, §2.4)", async () => {
    const [first, second, uninvolved] = [
      await startReceiver(),
      await startReceiver(),
      await startReceiver(),
    ];
    const clients = [await createToldClient(first), await createToldClient(second)] as const;
    await createToldClient(uninvolved);
    const signedIn = await signInWith(server, await connect(server, clients[0]));
    const { agent, subject, tokens } = signedIn;
    const other = await signInWith(server, await connect(server, clients[1]), { agent });
    await signOut(agent);
    await eventually("both were told", () => first.accepted.length + second.accepted.length === 2);
    expect(first.accepted[0]?.payload).to.include({
      sub: subject,
      aud: clients[0].clientId,
      sid: tokens.claims?.["sid"],
    });
    expect(second.accepted[0]?.payload).to.include({
      sub: subject,
      aud: clients[1].clientId,
      sid: other.tokens.claims?.["sid"],
    });
    expect([...first.invalid, ...second.invalid]).to.deep.equal([]);
    await waitForState(clients[0], "delivered");
    await waitForState(clients[1], "delivered");
    expect([first.requests(), second.requests(), uninvolved.requests()]).to.deep.equal([1, 1, 0]);
    const [line] = auditOf(clients[0], "logout.delivered");
    expect(line).to.include({ audit: true, outcome: "success", accountId: subject });
  });

  it("names no session to a client that did not ask for it (§2.2)", async () => {
    const receiver = await startReceiver();
    const client = await createToldClient(receiver, false);
    const { agent, subject } = await signInWith(server, await connect(server, client));
    await signOut(agent);
    await eventually("it was told", () => receiver.accepted.length > 0);
    expect(receiver.accepted[0]?.payload).to.include({ sub: subject }).and.not.have.property("sid");
  });

  it("tells once of a session that two requests end at once", async () => {
    const receiver = await startReceiver();
    const client = await createToldClient(receiver);
    for (let round = 1; round <= 5; round++) {
      const { agent } = await signInWith(server, await connect(server, client));
      const page = await openLogout(agent);
      await Promise.all(Array.from({ length: 4 }, () => agent.submit(page, { logout: "yes" })));
      await eventually("it was told", () => receiver.accepted.length >= round);
      await waitForState(client, "delivered");
      expect(receiver.requests()).to.equal(round);
    }
  });

  it("makes nobody wait for clients that are down, silent, failing, redirecting or not to be trusted, and tells them when they are well", async function () {
    this.timeout(180_000);
    const certificates = await createTestCertificates("IP:127.0.0.1");
    const tls = {
      cert: readFileSync(certificates.cert, "utf8"),
      key: readFileSync(certificates.key, "utf8"),
    };
    const down = await startReceiver({ mode: "down" });
    const silent = await startReceiver({ mode: "silent" });
    const failing = await startReceiver({ mode: "failing" });
    const redirecting = await startReceiver({ mode: "redirecting" });
    const untrusted = await startReceiver({ tls });
    const ill = [down, silent, failing, redirecting, untrusted];
    const clients = await Promise.all(ill.map((receiver) => createToldClient(receiver)));
    const { agent } = await signInWith(server, await connect(server, clients[0] as TestClient));
    for (const client of clients.slice(1)) {
      await signInWith(server, await connect(server, client), { agent });
    }

    const page = await openLogout(agent);
    const begunAtMs = performance.now();
    const { status } = await agent.submit(page, { logout: "yes" });
    const tookMs = performance.now() - begunAtMs;
    expect(status).to.equal(200);
    // An attempt at the silent one takes 10 s.
    expect(tookMs).to.be.below(5_000);

    const reasons: Record<number, RegExp> = {
      0: /ECONNREFUSED/,
      1: /did not answer in time/,
      2: /^it answered 500 Internal Server Error$/,
      3: /^it answered 307 Temporary Redirect$/,
      4: /certificate/,
    };
    for (const [index, reason] of Object.entries(reasons)) {
      const client = clients[Number(index)] as TestClient;
      await eventually(
        `its failure is known: ${reason}`,
        async () => reason.test((await deliveryOf(client))?.reason ?? ""),
        20_000,
      );
      expect(await deliveryOf(client)).to.include({ state: "pending" });
    }

    const well = ill.slice(0, 4);
    for (const receiver of well) await receiver.be("well");
    await eventually(
      "all that are well were told",
      () => well.every(({ accepted }) => accepted.length === 1),
      40_000,
    );
    for (const client of clients.slice(0, 4)) await waitForState(client, "delivered");
    expect(well.flatMap(({ invalid }) => invalid)).to.deep.equal([]);
    expect(well.map(({ accepted }) => accepted.length)).to.deep.equal([1, 1, 1, 1]);
    expect(redirecting.redirected()).to.equal(0);
    expect(untrusted.requests()).to.equal(0);
    await certificates.remove();
  });

  it("takes a 400 for the client's last word until an administrator tries again (§2.5, §2.8)", async () => {
    const receiver = await startReceiver({ mode: "refusing" });
    const client = await createToldClient(receiver);
    const { agent, subject, tokens } = await signInWith(server, await connect(server, client));
    await signOut(agent);
    await waitForState(client, "failed");
    expect(receiver.requests()).to.equal(1);
    const [line] = auditOf(client, "logout.failed");
    expect(line).to.include({
      audit: true,
      outcome: "failure",
      reason: "it answered 400 Bad Request",
      accountId: subject,
    });
    expect(JSON.stringify(line)).to.not.include("eyJ");

    await receiver.be("well");
    const { id } = (await deliveryOf(client)) as LogoutDelivery;
    expect(await server.app.logoutDeliveries.restart(id)).to.equal(true);
    await waitForState(client, "delivered");
    expect(receiver.accepted[0]?.payload).to.include({ sid: tokens.claims?.["sid"] });
  });

  it("signs with the key of the time of delivery (§2.4)", async () => {
    const receiver = await startReceiver({ mode: "failing" });
    const client = await createToldClient(receiver);
    const { agent, tokens } = await signInWith(server, await connect(server, client));
    await signOut(agent);
    await eventually("it was tried", async () => (await deliveryOf(client))?.failures === 1);
    const { alg, kid } = decodeProtectedHeader(tokens.id_token ?? "");
    await server.app.keyRotation.drop(String(kid));
    await receiver.be("well");
    await waitForState(client, "delivered");
    const { header } = receiver.accepted[0] ?? { header: {} };
    expect(header).to.include({ alg }).and.not.include({ kid });
  });

  it("reads nothing of an answer but its status", async () => {
    const receiver = await startReceiver({ mode: "endless" });
    const client = await createToldClient(receiver);
    const { agent } = await signInWith(server, await connect(server, client));
    await signOut(agent);
    await waitForState(client, "delivered");
  });

  it("tells nobody for a client that was deleted, or asks no longer, and says so", async () => {
    for (const [change, reason] of [
      ["delete", "the client was deleted"],
      ["update", "the client no longer has a backchannel_logout_uri"],
    ] as const) {
      const receiver = await startReceiver({ mode: "failing" });
      const client = await createToldClient(receiver);
      const { agent } = await signInWith(server, await connect(server, client));
      await signOut(agent);
      await eventually("it was tried", async () => (await deliveryOf(client))?.failures === 1);
      await receiver.be("well");
      const { clients } = server.app;
      if (change === "delete") {
        await clients.delete(client.clientId);
      } else {
        const record = await clients.find(client.clientId);
        const { backchannel_logout_uri: _uri, ...metadata } = record?.metadata ?? {};
        await clients.saveRegistration(client.clientId, metadata, record?.secretHash);
      }
      await waitForState(client, "failed");
      expect(await deliveryOf(client)).to.include({ reason });
      expect(receiver.accepted).to.have.length(0);
    }
  });

  it("ends no session of which it could not leave word, and answers 503", async () => {
    const receiver = await startReceiver();
    const client = await createToldClient(receiver);
    const rp = await connect(server, client);
    const { agent, tokens } = await signInWith(server, rp);
    const page = await openLogout(agent);
    const { logoutDeliveries } = server.app;
    const enqueue = logoutDeliveries.enqueue.bind(logoutDeliveries);
    logoutDeliveries.enqueue = () =>
      Promise.reject(
        new LatchkeyError("database_unavailable", "The database does not answer.", { status: 503 }),
      );
    try {
      const answer = await agent.submit(page, { logout: "yes" });
      expect(answer.status).to.equal(503);
      expect(Number(answer.headers.get("Retry-After"))).to.be.above(0);
    } finally {
      logoutDeliveries.enqueue = enqueue;
    }
    expect(await deliveryOf(client)).to.equal(undefined);
    // The session, its grant and its refresh token are as before.
    const refreshed = await rp.refresh(tokens.refresh_token ?? "");
    expect(refreshed).to.have.property("access_token");
    const done = await signOut(agent);
    expect(done.status).to.equal(200);
    await eventually("it was told", () => receiver.accepted.length === 1);
    expect(receiver.accepted[0]?.payload).to.include({ sid: tokens.claims?.["sid"] });
  });

  it("tells clients also when the session could not be ended after that, and ends it when asked again", async () => {
    const receiver = await startReceiver();
    const client = await createToldClient(receiver);
    const { agent } = await signInWith(server, await connect(server, client));
    const page = await openLogout(agent);
    const { models } = server.app;
    const destroy = models.destroy.bind(models);
    models.destroy = () =>
      Promise.reject(
        new LatchkeyError("redis_unavailable", "Redis does not answer.", { status: 503 }),
      );
    try {
      expect((await agent.submit(page, { logout: "yes" })).status).to.equal(503);
    } finally {
      models.destroy = destroy;
    }
    await eventually("it was told", () => receiver.accepted.length === 1);
    expect((await agent.submit(page, { logout: "yes" })).status).to.equal(200);
    await waitForState(client, "delivered");
    // The same sign-out, sent twice.
    expect(receiver.requests()).to.equal(1);
    const after = await openLogout(agent);
    expect(after.html).to.not.include("Do you want to sign out?");
  });

  it("tells one destination at a time no more than four, and others meanwhile", async function () {
    this.timeout(180_000);
    const silent = await startReceiver({ mode: "silent" });
    const dead = await createToldClient(silent);
    const well = await startReceiver();
    const live = await createToldClient(well);
    const logoutsOf = ({ clientId }: TestClient, uri: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({
        clientId,
        accountId: "acct_of_many",
        sid: `sid-${index}`,
        destination: new URL(uri).host,
      }));
    await server.app.logoutDeliveries.enqueue(logoutsOf(dead, silent.uri, 10_000));
    await eventually("the silent one is asked", () => silent.requests() > 0);
    const begunAtMs = performance.now();
    await server.app.logoutDeliveries.enqueue(logoutsOf(live, well.uri, 50));
    await eventually("the well one was told", () => well.accepted.length === 50, 8_000);
    expect(performance.now() - begunAtMs).to.be.below(8_000);
    expect(silent.mostAtOnce()).to.be.at.most(4);
    expect(silent.requests()).to.be.at.most(4);
    await server.database.knex("logout_delivery").where({ client_id: dead.clientId }).delete();
  });
});

describe("back-channel logout to a private network", () => {
  it("is not sent to an address that the operator did not name (OUTBOUND_ALLOWED_HOSTS)", async () => {
    const server = await startTestServer({ deliversLogouts: true });
    const receiver = await startLogoutReceiver({ issuer: server.issuer });
    try {
      const client = await createTestClient(server, { backchannel_logout_uri: receiver.uri });
      const { agent } = await signInWith(server, await connect(server, client));
      const page = await agent.open(`${server.issuer}/session/end`);
      await agent.submit(page, { logout: "yes" });
      const { clientId } = client;
      await eventually("it was tried", async () => {
        const [delivery] = await server.app.logoutDeliveries.list({ clientId, limit: 1 });
        return delivery?.reason?.includes("special-use") === true;
      });
      expect(receiver.requests()).to.equal(0);
    } finally {
      await receiver.close();
      await server.close();
    }
  });
});
