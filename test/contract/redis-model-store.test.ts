import { randomBytes, randomUUID } from "node:crypto";
import { expect } from "chai";
import { systemClock } from "../../src/lib/clock.js";
import type { ModelStore } from "../../src/oidc/model-store.js";
import { partitionOfAccount } from "../../src/oidc/partition.js";
import { openRedis, type RedisConnection } from "../../src/storage/open-redis.js";
import { createRedisModelStore } from "../../src/storage/redis-model-store.js";
import { countSurvivors, idsOfOnePartition, issueFamily } from "../support/model-families.js";
import { startRedisCluster, type RedisCluster } from "../support/redis-cluster.js";
import { requireRedis, startRedisServer, type RedisServer } from "../support/redis-servers.js";
import { advanceRedis } from "../support/redis-time.js";
import { codeOfRejection } from "../support/stores-rejection.js";

const newPrefix = () => `test-${randomBytes(6).toString("hex")}`;

/** What the contract does not ask for, and operators do. */
describe("the Redis model store", () => {
  let server: RedisServer;
  let redis: RedisConnection;
  let models: ModelStore;
  const keyPrefix = newPrefix();
  before(async function () {
    this.timeout(120_000);
    requireRedis(this);
    server = await startRedisServer({ settings: { appendonly: "yes" } });
    redis = await openRedis(server.url, { keyPrefix });
    models = createRedisModelStore({ redis, clock: systemClock });
  });
  after(async () => {
    await redis?.close();
    await server?.stop();
  });

  const keys = () => redis.client.keys(`${keyPrefix}:*`);

  it("keeps nothing that does not expire, and nothing once all has expired", async () => {
    const { grantId } = await issueFamily(models);
    const accountId = randomUUID();
    const [id, uid] = idsOfOnePartition(partitionOfAccount(accountId));
    await models.upsert("Session", id, { uid, accountId }, 600);
    const [device, userCode] = idsOfOnePartition();
    await models.upsert("DeviceCode", device, { userCode }, 600);
    await models.upsert("DeviceCode", device, { userCode, grantId }, 600);
    await models.insertOnce("ReplayDetection", randomUUID(), {}, 60);
    const ttls = await Promise.all((await keys()).map((key) => redis.client.pttl(key)));
    expect(ttls).to.have.length.above(8);
    for (const ttl of ttls) expect(ttl).to.be.within(1, 3_600_000);
    await advanceRedis(redis.client, keyPrefix, 3600);
    expect(await keys()).to.deep.equal([]);
  });

  it("forgets the expired tokens of a grant that is used for long", async () => {
    const { grantId } = await issueFamily(models);
    const issue = async () => {
      const [id] = idsOfOnePartition(grantId.slice(0, 3));
      await models.upsert("AccessToken", id, { grantId }, 60);
    };
    for (let round = 0; round < 20; round++) {
      for (let count = 0; count < 10; count++) await issue();
      await advanceRedis(redis.client, keyPrefix, 60);
    }
    await issue();
    const index = `${keyPrefix}:{${grantId.slice(0, 3)}}:grant:${grantId}`;
    // The refresh token of the family and the last access token.
    expect(await redis.client.zcard(index)).to.equal(2);
  });

  it("needs no script to be loaded before", async () => {
    const family = await issueFamily(models);
    await redis.client.script("FLUSH");
    const consumption = { model: "AuthorizationCode", id: family.code } as const;
    expect(await models.consume({ ...consumption, attempt: "first" })).to.equal(true);
    expect(await countSurvivors(models, family)).to.equal(4);
  });

  it("goes on after a restart of Redis with its data, which has no scripts any more", async function () {
    this.timeout(20_000);
    const family = await issueFamily(models);
    const consumption = { model: "AuthorizationCode", id: family.code } as const;
    await models.consume({ ...consumption, attempt: "first" });
    await server.restart({ keepData: true });
    await redis.ping();
    expect(await models.consume({ ...consumption, attempt: "second" })).to.equal(false);
    expect(await countSurvivors(models, family)).to.equal(0);
  });

  it("refuses a record of a later encoding, and that record alone", async () => {
    const family = await issueFamily(models);
    const [partition, code] = [family.code.slice(0, 3), family.code];
    await redis.client.set(`${keyPrefix}:{${partition}}:AuthorizationCode:${code}`, "2 new\n{}");
    const consumption = { model: "AuthorizationCode", id: code, attempt: "first" } as const;
    for (const call of [
      models.find("AuthorizationCode", code),
      models.findFamily("AuthorizationCode", code),
      models.consume(consumption),
      models.destroy("AuthorizationCode", code),
    ]) {
      expect(await codeOfRejection(call)).to.equal("record_unreadable");
    }
    expect(await models.find("AccessToken", family.token)).to.be.an("object");
    await models.revokeByGrantId(family.grantId);
    expect(await countSurvivors(models, family)).to.equal(1);
  });
});

describe("the Redis model store on a Cluster", () => {
  let cluster: RedisCluster;
  let redis: RedisConnection;
  let models: ModelStore;
  const keyPrefix = newPrefix();
  before(async function () {
    this.timeout(180_000);
    requireRedis(this);
    cluster = await startRedisCluster();
    redis = await openRedis(cluster.url, { keyPrefix });
    models = createRedisModelStore({ redis, clock: systemClock });
  });
  after(async () => {
    await redis?.close();
    await cluster?.stop();
  });

  it("spreads accounts and tokens of machines evenly over the masters", async function () {
    this.timeout(120_000);
    const writes = [];
    for (let account = 0; account < 3000; account++) {
      const accountId = `acct_${account}`;
      const [session, uid] = idsOfOnePartition(partitionOfAccount(accountId));
      writes.push(models.upsert("Session", session, { uid, accountId }, 600));
      const token = randomBytes(32).toString("base64url");
      writes.push(models.upsert("ClientCredentials", token, {}, 600));
    }
    await Promise.all(writes);
    const sizes = await Promise.all(
      cluster.masters.map(async (master) => Number(await master.execute("DBSIZE"))),
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(total).to.be.at.least(3000 * 4);
    for (const size of sizes) expect(size / total).to.be.within(0.28, 0.39);
  });
});
