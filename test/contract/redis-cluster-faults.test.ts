import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { openRedis, type RedisConnection } from "../../src/storage/open-redis.js";
import { eventually } from "../support/eventually.js";
import { startRedisCluster, type RedisCluster } from "../support/redis-cluster.js";
import { startRedisLoad } from "../support/redis-load.js";
import { requireRedis, type RedisServer } from "../support/redis-servers.js";
import { rejectionOf } from "../support/stores-rejection.js";

/** After a failover, which takes the time of `cluster-node-timeout` and an election. */
const MAX_RECOVERY_MS = 10_000;

describe("A Redis Cluster that fails", function () {
  this.timeout(180_000);

  let cluster: RedisCluster;
  let redis: RedisConnection;
  before(async function () {
    requireRedis(this);
    cluster = await startRedisCluster({ withReplicas: true, password: "hunter2" });
    redis = await openRedis(cluster.url);
  });
  after(async () => {
    await redis?.close();
    await cluster?.stop();
  });

  const everyNode = () => [...cluster.masters, ...cluster.replicas];

  async function findOther(master: RedisServer): Promise<RedisServer> {
    for (let n = 0; ; n++) {
      const other = await cluster.findMasterOf(`key ${n}`);
      if (other.port !== master.port) return other;
    }
  }

  it("goes on after a master was killed and its replica promoted", async () => {
    const load = startRedisLoad(redis, "count");
    await load.recovers(MAX_RECOVERY_MS);
    const master = await cluster.findMasterOf("count");
    await master.kill();
    await load.fails();
    await load.recovers(MAX_RECOVERY_MS);
    await eventually("the nodes name the promoted one", async () => {
      return (await cluster.findMasterOf("count")).port !== master.port;
    });
    await load.stop();
    await redis.ping();
    await master.restart({ keepData: true });
  });

  it("goes on after a master stood still and its replica was promoted", async () => {
    const load = startRedisLoad(redis, "other");
    await load.recovers(MAX_RECOVERY_MS);
    const master = await cluster.findMasterOf("other");
    master.pause();
    await load.fails();
    await load.recovers(MAX_RECOVERY_MS);
    await load.stop();
    master.resume();
  });

  it("answers 503 in its time while every node stands still, and at once when it goes on", async () => {
    const load = startRedisLoad(redis, "count");
    await load.recovers(MAX_RECOVERY_MS);
    for (const node of everyNode()) node.pause();
    await load.fails();
    await delay(4_000);
    expect(await rejectionOf(redis.ping())).to.include({ code: "redis_unavailable" });
    for (const node of everyNode()) node.resume();
    await load.recovers(MAX_RECOVERY_MS);
    await load.stop();
    await redis.ping();
  });

  it("follows slots that move, without an error", async () => {
    const load = startRedisLoad(redis, "count");
    await load.recovers(MAX_RECOVERY_MS);
    const from = await cluster.findMasterOf("count");
    const to = await findOther(from);
    const slot = String(await from.execute("CLUSTER", "KEYSLOT", "count"));
    const fromId = String(await from.execute("CLUSTER", "MYID"));
    const toId = String(await to.execute("CLUSTER", "MYID"));
    await to.execute("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
    await from.execute("CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
    await delay(200);
    const place = ["127.0.0.1", to.port, "", 0, 2000, "AUTH", "hunter2"];
    await from.execute("MIGRATE", ...place, "KEYS", "count");
    await delay(200);
    for (const node of [to, from]) {
      await node.execute("CLUSTER", "SETSLOT", slot, "NODE", toId);
    }
    await delay(500);
    expect(await load.stop()).to.include({ failed: 0 });
    await eventually("the nodes name the new place", async () => {
      return (await cluster.findMasterOf("count")).port === to.port;
    });
  });
});
