import { expect } from "chai";
import { describeOnPostgresAndRedis } from "../support/postgres-and-redis.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

describe("the sessions of an account, on SQLite", () => {
  describeSessionIndex(() => startTestServer({ embedded: true }));
});

describeOnPostgresAndRedis("the sessions of an account, in Redis", (stores) => {
  describeSessionIndex(() =>
    startTestServer({
      environment: { DATABASE_URL: stores().databaseUrl, REDIS_URL: stores().redisUrl },
    }),
  );
});

function describeSessionIndex(start: () => Promise<TestServer>): void {
  let server: TestServer;
  before(async () => {
    server = await start();
  });
  after(() => server?.close());

  async function listed() {
    const found = await server.app.accounts.findForSignIn(server.username);
    return server.app.models.listSessions(String(found?.account.id));
  }

  it("are one for each browser, with when and from where it was last seen", async () => {
    const rp = await connect(server, await createTestClient(server));
    const { agent } = await signInWith(server, rp);
    await signInWith(server, rp);
    await signInWith(server, rp, { agent });
    const sessions = await listed();
    expect(sessions).to.have.length(2);
    const nowSeconds = Date.now() / 1000;
    for (const { payload } of sessions) {
      const device = payload["device"] as { network: string; seenAtSeconds: number };
      expect(device.network).to.match(/^127\.0\.0\.0\/24$|^0:0:0::\/48$/);
      expect(device.seenAtSeconds).to.be.within(nowSeconds - 60, nowSeconds);
    }
  });

  it("are gone when they end", async () => {
    const rp = await connect(server, await createTestClient(server));
    const { agent } = await signInWith(server, rp);
    const before = await listed();
    const page = await agent.open(`${server.issuer}/session/end`);
    await agent.submit(page, { logout: "yes" });
    expect(await listed()).to.have.length(before.length - 1);
  });
}
