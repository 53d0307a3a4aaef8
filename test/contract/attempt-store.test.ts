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

const WIDE: AttemptRule = { steps: [{ failures: 100, waitSeconds: 60 }], forgiveSeconds: 1000 };

function itCounts(get: () => TestAttemptStore): void {
  const newBucket = (changes: Partial<AttemptBucket> = {}): AttemptBucket => ({
    subject: randomUUID(),
    source: "here",
    rule: RULE,
    ...changes,
  });

  async function countTimes(bucket: AttemptBucket, times: number) {
    const counts = [];
    for (let time = 0; time < times; time += 1) counts.push(await count(bucket));
    return counts;
  }

  const count = (bucket: AttemptBucket, store = get().store) => store.countAll([bucket]);
  const counted = (...waits: number[]) => ({ isCounted: true, waits });

  /** The wait that is left in any of them; what was counted to know it is taken back. */
  async function findWait(buckets: readonly AttemptBucket[], store = get().store) {
    const told = await store.findWait(buckets);
    const answer = await store.countAll(buckets);
    if (answer.isCounted) await store.settle({ takeBack: buckets });
    const waitSeconds = answer.isCounted ? 0 : answer.waitSeconds;
    expect(told).to.be.within(waitSeconds, waitSeconds === 0 ? 0 : waitSeconds + 1);
    return waitSeconds;
  }

  it("counts until a wait begins, and nothing while it lasts", async () => {
    const bucket = newBucket();
    expect(await findWait([bucket])).to.equal(0);
    expect(await countTimes(bucket, 4)).to.deep.equal([
      counted(0),
      counted(0),
      counted(60),
      { isCounted: false, waitSeconds: 60 },
    ]);
    await get().advance(20);
    expect(await findWait([newBucket(), bucket], get().other)).to.be.within(39, 40);
    expect(await findWait([{ ...bucket, source: "elsewhere" }], get().other)).to.equal(0);
  });

  it("lets waits grow, and stay at the longest", async () => {
    const bucket = newBucket();
    const waits = [];
    for (let failures = 1; failures <= 8; failures += 1) {
      const answer = await count(bucket);
      if (!answer.isCounted) throw new Error(`${failures} was not counted`);
      const [waitSeconds = 0] = answer.waits;
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
      expect(await count(bucket)).to.deep.equal(counted(0));
    }
    await get().advance(999);
    expect(await count(bucket)).to.deep.equal(counted(60));
    await get().advance(61);
    // The second of then and now.
    expect(await count(bucket)).to.deep.equal(counted(60));
  });

  it("forgets all of it in time", async () => {
    const bucket = newBucket();
    await countTimes(bucket, 3);
    await get().advance(3000);
    expect(await count(bucket)).to.deep.equal(counted(0));
    expect(await count(bucket)).to.deep.equal(counted(0));
  });

  it("makes nobody wait for a clock that was ahead", async () => {
    const bucket = newBucket();
    await get().advance(600);
    await countTimes(bucket, 2);
    await get().advance(-600);
    expect(await findWait([bucket])).to.equal(0);
    expect(await count(bucket)).to.deep.equal(counted(60));
  });

  it("counts no more of 200 at once at two nodes than one after the other (FT-07)", async () => {
    const bucket = newBucket();
    const { store, other } = get();
    const counts = await Promise.all(
      Array.from({ length: 200 }, (_, index) => count(bucket, index % 2 === 0 ? store : other)),
    );
    expect(counts.filter(({ isCounted }) => isCounted)).to.have.length(3);
    for (const answer of counts) {
      if (!answer.isCounted) expect(answer.waitSeconds).to.be.within(1, 60);
    }
  });

  it("counts in all or in none, and says which wait begins in which", async () => {
    const [first, second] = [newBucket(), newBucket()];
    await countTimes(second, 2);
    expect(await get().store.countAll([first, second])).to.deep.equal(counted(0, 60));
    const refused = await get().other.countAll([first, newBucket(), second]);
    expect(refused).to.have.property("isCounted", false);
    // One of three, so far.
    expect(await countTimes(first, 2)).to.deep.equal([counted(0), counted(60)]);
    expect(await get().store.countAll([])).to.deep.equal(counted());
  });

  it("begins no wait in one counter by what another has refused", async () => {
    const [waited, waiting] = [newBucket(), newBucket()];
    await countTimes(waited, 3);
    await get().advance(61);
    await countTimes(waiting, 3);
    for (const buckets of [
      [waited, waiting],
      [waiting, waited],
    ]) {
      expect(await get().store.countAll(buckets)).to.have.property("isCounted", false);
    }
    expect(await count(waited)).to.deep.equal(counted(300));
  });

  it("leaves nothing counted of what another counter refused, of 60 at once at two nodes", async () => {
    const [tight, wide] = [newBucket(), newBucket({ rule: WIDE })];
    const { store, other } = get();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        (index % 2 === 0 ? store : other).countAll(index % 3 === 0 ? [wide, tight] : [tight, wide]),
      ),
    );
    expect(answers.filter(({ isCounted }) => isCounted)).to.have.length(3);
    const more = [];
    for (let time = 0; time < 98; time += 1) more.push(await count(wide));
    expect(more.at(-2)).to.deep.equal(counted(60));
    expect(more.at(-1)).to.have.property("isCounted", false);
  });

  it("forgets some and takes back others in one step, while others count", async () => {
    const [own, shared] = [newBucket(), newBucket({ rule: WIDE })];
    const { store, other } = get();
    await countTimes(own, 2);
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const node = index % 2 === 0 ? store : other;
        const mine = newBucket();
        const buckets = index % 3 === 0 ? [mine, shared] : [shared, mine];
        expect(await node.countAll(buckets)).to.deep.equal(counted(0, 0));
        await node.settle({ forget: [mine], takeBack: [shared] });
        expect(await countTimes(mine, 2)).to.deep.equal([counted(0), counted(0)]);
      }),
    );
    await store.settle({ forget: [own], takeBack: [shared] });
    expect(await countTimes(own, 3)).to.deep.equal([counted(0), counted(0), counted(60)]);
    expect(await count({ ...shared, rule: RULE })).to.deep.equal(counted(0));
  });

  it("takes a count back, with the wait that began with it", async () => {
    const bucket = newBucket();
    await countTimes(bucket, 3);
    await get().other.settle({ takeBack: [bucket] });
    expect(await findWait([bucket])).to.equal(0);
    expect(await count(bucket)).to.deep.equal(counted(60));
    const empty = newBucket();
    await get().store.settle({ takeBack: [empty] });
    expect(await countTimes(empty, 3)).to.deep.include(counted(60));
  });

  it("forgets one source, or all of a subject, and nothing else", async () => {
    const { subject } = newBucket();
    const [here, there] = [newBucket({ subject }), newBucket({ subject, source: "there" })];
    const stranger = newBucket();
    for (const bucket of [here, there, stranger]) await countTimes(bucket, 3);
    await get().other.settle({ forget: [here] });
    expect(await findWait([here])).to.equal(0);
    expect(await findWait([there])).to.be.within(59, 60);
    await get().other.forget(subject);
    expect(await findWait([here, there])).to.equal(0);
    expect(await findWait([stranger])).to.be.within(59, 60);
  });

  it("keeps the counters of 200 sources apart", async () => {
    const { subject } = newBucket();
    const buckets = Array.from({ length: 200 }, (_, index) =>
      newBucket({ subject, source: `source ${index}` }),
    );
    await Promise.all(buckets.map((bucket) => count(bucket)));
    for (const bucket of buckets.slice(0, 3)) {
      await count(bucket);
      expect(await count(bucket)).to.deep.equal(counted(60));
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
    await store.countAll([{ subject: "swept", source: "", rule: RULE }]);
    clock.advance(1_000_000);
    await store.countAll([{ subject: "kept", source: "", rule: RULE }]);
    while ((await store.purgeExpired(100)) === 100);
    expect(await database.knex("attempt").pluck("subject")).to.deep.equal(["kept"]);
  });
});

describe("AttemptStore on Redis", () => {
  const keyPrefix = `test-${randomBytes(6).toString("hex")}`;
  let server: RedisServer;
  let nodes: RedisConnection[] = [];
  before(async function () {
    this.timeout(120_000);
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
    await storeOf(0).countAll([{ subject: "expires", source: "", rule: RULE }]);
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
    for (let time = 0; time < 4; time += 1)
      counts.push((await insured.countAll([bucket])).isCounted);
    expect(counts).to.deep.equal([true, true, true, false]);
  });
});
