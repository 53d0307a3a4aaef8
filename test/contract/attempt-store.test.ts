import { randomBytes, randomUUID } from "node:crypto";
import { expect } from "chai";
import type { AttemptBucket, AttemptRule, AttemptStore } from "../../src/accounts/attempt-store.js";
import { createInsuredAttemptStore } from "../../src/storage/insured-attempt-store.js";
import { createMemoryAttemptStore } from "../../src/storage/memory-attempt-store.js";
import { openRedis, type RedisConnection } from "../../src/storage/open-redis.js";
import { createRedisAttemptStore } from "../../src/storage/redis-attempt-store.js";
import { createSqlAttemptStore } from "../../src/storage/sql-attempt-store.js";
import { advanceRedis } from "../support/redis-time.js";
import { requireRedis, startRedisServer, type RedisServer } from "../support/redis-servers.js";
import { createMovableClock, describeOnEachBackend } from "../support/stores.js";

interface TestAttemptStore {
  readonly store: AttemptStore;
  /** Another node. */
  readonly other: AttemptStore;
  advance(seconds: number): Promise<void> | void;
}

const RULE: AttemptRule = {
  steps: [
    { failures: 3, waitSeconds: 60 },
    { failures: 4, waitSeconds: 300 },
    { failures: 6, waitSeconds: 3600 },
  ],
  forgiveSeconds: 1000,
};

function itCounts(get: () => TestAttemptStore): void {
  const newBucket = (changes: Partial<AttemptBucket> = {}): AttemptBucket => ({
    subject: randomUUID(),
    source: "here",
    rule: RULE,
    ...changes,
  });

  async function countTimes(bucket: AttemptBucket, times: number) {
    const counts = [];
    for (let time = 0; time < times; time += 1) counts.push(await get().store.count(bucket));
    return counts;
  }

  it("counts until a wait begins, and nothing while it lasts", async () => {
    const bucket = newBucket();
    expect(await get().store.findWait([bucket])).to.equal(0);
    expect(await countTimes(bucket, 4)).to.deep.equal([
      { isCounted: true, waitSeconds: 0 },
      { isCounted: true, waitSeconds: 0 },
      { isCounted: true, waitSeconds: 60 },
      { isCounted: false, waitSeconds: 60 },
    ]);
    await get().advance(20);
    expect(await get().other.findWait([newBucket(), bucket])).to.be.within(39, 40);
    expect(await get().other.findWait([{ ...bucket, source: "elsewhere" }])).to.equal(0);
  });

  it("lets waits grow, and stay at the longest", async () => {
    const bucket = newBucket();
    const waits = [];
    for (let failures = 1; failures <= 8; failures += 1) {
      const { isCounted, waitSeconds } = await get().store.count(bucket);
      expect(isCounted, `${failures}`).to.equal(true);
      waits.push(waitSeconds);
      // Not so long that anything is forgiven.
      await get().advance(Math.min(waitSeconds, 300));
      if (waitSeconds === 3600) break;
    }
    expect(waits).to.deep.equal([0, 0, 60, 300, 300, 3600]);
  });

  it("forgives one failure after each time, and loses none of the time between", async () => {
    const bucket = newBucket();
    await countTimes(bucket, 2);
    // Each is forgiven just before the next.
    for (let round = 0; round < 6; round += 1) {
      await get().advance(1000);
      expect(await get().store.count(bucket)).to.deep.equal({ isCounted: true, waitSeconds: 0 });
    }
    await get().advance(999);
    expect(await get().store.count(bucket)).to.deep.equal({ isCounted: true, waitSeconds: 60 });
    await get().advance(61);
    // The second of then and now.
    expect(await get().store.count(bucket)).to.deep.equal({ isCounted: true, waitSeconds: 60 });
  });

  it("forgets all of it in time", async () => {
    const bucket = newBucket();
    await countTimes(bucket, 3);
    await get().advance(3000);
    expect(await get().store.count(bucket)).to.deep.equal({ isCounted: true, waitSeconds: 0 });
    expect(await get().store.count(bucket)).to.deep.equal({ isCounted: true, waitSeconds: 0 });
  });

  it("makes nobody wait for a clock that was ahead", async () => {
    const bucket = newBucket();
    await get().advance(600);
    await countTimes(bucket, 2);
    await get().advance(-600);
    expect(await get().store.findWait([bucket])).to.equal(0);
    expect(await get().store.count(bucket)).to.deep.equal({ isCounted: true, waitSeconds: 60 });
  });

  it("counts no more of 200 at once at two nodes than one after the other (FT-07)", async () => {
    const bucket = newBucket();
    const { store, other } = get();
    const counts = await Promise.all(
      Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? store : other).count(bucket)),
    );
    expect(counts.filter(({ isCounted }) => isCounted)).to.have.length(3);
    for (const { isCounted, waitSeconds } of counts) {
      if (!isCounted) expect(waitSeconds).to.be.within(1, 60);
    }
  });

  it("takes a count back, with the wait that began with it", async () => {
    const bucket = newBucket();
    await countTimes(bucket, 3);
    await get().other.takeBack(bucket);
    expect(await get().store.findWait([bucket])).to.equal(0);
    expect(await get().store.count(bucket)).to.deep.equal({ isCounted: true, waitSeconds: 60 });
    const empty = newBucket();
    await get().store.takeBack(empty);
    expect(await countTimes(empty, 3)).to.deep.include({ isCounted: true, waitSeconds: 60 });
  });

  it("forgets one source, or all of a subject, and nothing else", async () => {
    const { subject } = newBucket();
    const [here, there] = [newBucket({ subject }), newBucket({ subject, source: "there" })];
    const stranger = newBucket();
    for (const bucket of [here, there, stranger]) await countTimes(bucket, 3);
    await get().other.forget(subject, "here");
    expect(await get().store.findWait([here])).to.equal(0);
    expect(await get().store.findWait([there])).to.be.within(59, 60);
    await get().other.forget(subject);
    expect(await get().store.findWait([here, there])).to.equal(0);
    expect(await get().store.findWait([stranger])).to.be.within(59, 60);
  });

  it("keeps the counters of 200 sources apart", async () => {
    const { subject } = newBucket();
    const buckets = Array.from({ length: 200 }, (_, index) =>
      newBucket({ subject, source: `source ${index}` }),
    );
    await Promise.all(buckets.map((bucket) => get().store.count(bucket)));
    for (const bucket of buckets.slice(0, 3)) {
      await get().store.count(bucket);
      expect(await get().store.count(bucket)).to.deep.equal({ isCounted: true, waitSeconds: 60 });
    }
  });
}

describe("AttemptStore in memory", () => {
  const clock = createMovableClock();
  const store = createMemoryAttemptStore(clock);
  itCounts(() => ({ store, other: store, advance: (seconds) => clock.advance(seconds) }));
});

describeOnEachBackend("AttemptStore", (stores) => {
  const storeOf = () => createSqlAttemptStore(stores());
  itCounts(() => ({
    store: storeOf(),
    other: storeOf(),
    advance: (seconds) => stores().clock.advance(seconds),
  }));

  it("is swept of what is forgotten", async () => {
    const store = storeOf();
    const { database, clock } = stores();
    await store.count({ subject: "swept", source: "", rule: RULE });
    clock.advance(100_000);
    await store.count({ subject: "kept", source: "", rule: RULE });
    while ((await store.purgeExpired(100)) === 100);
    expect(await database.knex("attempt").pluck("subject")).to.deep.equal(["kept"]);
  });
});

describe("AttemptStore on Redis", () => {
  const keyPrefix = `test-${randomBytes(6).toString("hex")}`;
  let server: RedisServer;
  let nodes: RedisConnection[] = [];
  before(async function () {
    this.timeout(30_000);
    requireRedis(this);
    server = await startRedisServer();
    nodes = await Promise.all([1, 2].map(() => openRedis(server.url, { keyPrefix })));
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await server?.stop();
  });

  const storeOf = (index: number) => {
    const node = nodes[index];
    if (node === undefined) throw new Error("no node");
    return createRedisAttemptStore(node);
  };

  /** Times lie in the values, too. */
  async function advance(seconds: number): Promise<void> {
    const [node] = nodes;
    if (node === undefined) throw new Error("no node");
    const { client } = node;
    for (const key of await client.keys(`${keyPrefix}:attempt:*`)) {
      for (const [source, value] of Object.entries(await client.hgetall(key))) {
        const [failures, ...times] = value.split(" ").map(Number);
        const moved = times.map((time) => Math.max(0, time - seconds));
        await client.hset(key, source, [failures, ...moved].join(" "));
      }
    }
    await advanceRedis(client, keyPrefix, seconds);
  }

  itCounts(() => ({ store: storeOf(0), other: storeOf(1), advance }));

  it("keeps nothing that does not expire", async () => {
    await storeOf(0).count({ subject: "expires", source: "", rule: RULE });
    const [node] = nodes;
    expect(await node?.client.ttl(`${keyPrefix}:attempt:expires`)).to.be.within(998, 1000);
  });

  it("counts at each node for itself while Redis is away, and lets nobody pass uncounted", async () => {
    const insured = createInsuredAttemptStore(
      storeOf(0),
      createMemoryAttemptStore(createMovableClock()),
    );
    const bucket = { subject: "away", source: "", rule: RULE };
    await server.kill();
    const counts = [];
    for (let time = 0; time < 4; time += 1) counts.push((await insured.count(bucket)).isCounted);
    expect(counts).to.deep.equal([true, true, true, false]);
  });
});
