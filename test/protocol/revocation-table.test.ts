import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { describeOnTwoNodes } from "../support/deployments.js";
import { describeOnPostgresAndRedis } from "../support/postgres-and-redis.js";
import { rawRequest } from "../support/raw-request.js";
import {
  createTableApi,
  gather,
  WAYS_TO_CHECK,
  WAYS_TO_REVOKE,
  type Ask,
  type Belongings,
  type WayToRevoke,
} from "../support/revocation-ways.js";
import type { TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

/** TK-08: what was revoked is dead everywhere within a second. */
const WITHIN_MS = 1000;

interface Death {
  /** Where, and what ended it. */
  readonly of: string;
  readonly tookMs: number;
}

/** By the check that saw it. */
const slowest = new Map<string, Death>();

/** @returns after how long the token is dead for good, at this node and by this check. */
async function timeOfDeath(isAlive: () => Promise<boolean>): Promise<number> {
  const startedAtMs = performance.now();
  for (;;) {
    const askedAfterMs = performance.now() - startedAtMs;
    if (!(await isAlive())) return askedAfterMs;
    expect(askedAfterMs, "ms after it was revoked").to.be.below(WITHIN_MS);
    await delay(5);
  }
}

/** @returns how long it took by each check. */
async function expectDeath(
  given: Belongings,
  way: WayToRevoke,
  asks: readonly Ask[],
): Promise<{ name: string; tookMs: number }[]> {
  const checks = Object.entries(WAYS_TO_CHECK).filter(([, check]) => check.appliesTo(given, way));
  const each = asks.flatMap((ask) => checks.map(([name, check]) => ({ ask, name, check })));
  for (const { ask, name, check } of each) {
    expect(await check.isAlive(ask, given), `${name}, before`).to.equal(true);
  }
  await way.revoke(given);
  const times = await Promise.all(
    each.map(async ({ ask, name, check }) => ({
      name,
      tookMs: await timeOfDeath(() => check.isAlive(ask, given)),
    })),
  );
  for (const { ask, name, check } of each) {
    expect(await check.isAlive(ask, given), `${name}, afterwards`).to.equal(false);
  }
  return times;
}

/** Nothing new comes from what was before. */
async function expectNoRefresh({ rp, refreshTokens }: Belongings): Promise<void> {
  const outcome = await rp.refresh(refreshTokens.at(-1) ?? "").then(
    () => "refreshed",
    () => "refused",
  );
  expect(outcome).to.equal("refused");
}

function describeTable(where: string, place: () => { server: TestServer; asks: readonly Ask[] }) {
  let api: TestClient;
  before(async () => {
    api = await createTableApi(place().server);
  });
  for (const [name, way] of Object.entries(WAYS_TO_REVOKE)) {
    it(`${name}: dead at every check`, async () => {
      const { server, asks } = place();
      const given = await gather(server, api, way.of);
      for (const { name: check, tookMs } of await expectDeath(given, way, asks)) {
        const isSlower = tookMs > (slowest.get(check)?.tookMs ?? -1);
        if (isSlower) slowest.set(check, { tookMs, of: `${where}: ${name}` });
      }
      if (way.endsGrant) await expectNoRefresh(given);
    });
  }
}

const askServer =
  ({ issuer }: TestServer): Ask =>
  (path, request) =>
    rawRequest(issuer + path, request);

describe("what was revoked, on one node", function () {
  this.timeout(120_000);

  describe("on SQLite", () => {
    let server: TestServer;
    before(async () => {
      server = await startTestServer({ embedded: true });
    });
    after(() => server.close());
    describeTable("SQLite", () => ({ server, asks: [askServer(server)] }));
  });

  for (const withRedis of [false, true]) {
    const where = withRedis ? "PostgreSQL and Redis" : "PostgreSQL";
    describeOnPostgresAndRedis(`on ${where}`, (stores) => {
      let server: TestServer;
      before(async () => {
        const { databaseUrl, redisUrl } = stores();
        server = await startTestServer({
          environment: {
            DATABASE_URL: databaseUrl,
            ...(withRedis ? { REDIS_URL: redisUrl } : {}),
          },
        });
      });
      after(() => server?.close());
      describeTable(where, () => ({ server, asks: [askServer(server)] }));
    });
  }
});

describeOnTwoNodes("what was revoked, by one node or a command", (nodes) => {
  describeTable("two nodes", () => ({
    server: nodes(),
    asks: nodes().nodes.map(({ request }): Ask => request),
  }));
});

describe("the slowest end that each check saw", () => {
  it(`comes within ${WITHIN_MS} ms`, function () {
    if (slowest.size === 0) this.skip();
    for (const [check, { tookMs, of }] of slowest) {
      process.stdout.write(`      ${tookMs.toFixed(0).padStart(4)} ms  ${check} (${of})\n`);
      expect(tookMs, check).to.be.below(WITHIN_MS);
    }
  });
});
