import { expect } from "chai";
import { openRedis, type RedisConnection } from "../../src/storage/open-redis.js";
import { eventually } from "../support/eventually.js";
import { startRedisLoad } from "../support/redis-load.js";
import { startRedisSentinels, type RedisSentinels } from "../support/redis-sentinels.js";
import { requireRedis, type RedisServer } from "../support/redis-servers.js";
import { codeOfRejection, rejectionOf } from "../support/stores-rejection.js";

const MAX_RECOVERY_MS = 10_000;
const PASSWORDS = { password: "hunter2", sentinelPassword: "hunter3" };

describe("A Redis that sentinels watch", function () {
  this.timeout(180_000);

  let set: RedisSentinels;
  let redis: RedisConnection;
  before(async function () {
    requireRedis(this);
    set = await startRedisSentinels(PASSWORDS);
    redis = await openRedis(set.url);
  });
  after(async () => {
    await redis?.close();
    await set?.stop();
  });

  async function findMaster(): Promise<RedisServer> {
    const port = await set.findMasterPort();
    const found = [set.master, set.replica].find((server) => server.port === port);
    if (found === undefined) throw new Error(`no server has port ${port}`);
    return found;
  }

  it("writes to the new master as soon as sentinels say so, though the old one still runs", async () => {
    const load = startRedisLoad(redis, "count");
    await load.recovers(MAX_RECOVERY_MS);
    const old = await findMaster();
    const failover = await set.sentinels[0]?.execute("SENTINEL", "FAILOVER", set.masterName);
    expect(failover).to.equal("OK");
    await eventually("sentinels name another master", async () => {
      return (await set.findMasterPort()) !== old.port;
    });
    await load.recovers(MAX_RECOVERY_MS);
    const current = await findMaster();
    await eventually(
      "the new master is written to",
      async () => {
        const before = Number(await current.execute("GET", "count"));
        await load.recovers(MAX_RECOVERY_MS);
        return Number(await current.execute("GET", "count")) > before;
      },
      4_000,
    );
    await load.stop();
    expect(await current.execute("ROLE")).to.include("master");
    // Sentinels do it too, after ten seconds.
    await old.execute("REPLICAOF", "127.0.0.1", current.port);
    await eventually("the old master has become its replica", async () =>
      String(await old.execute("INFO", "replication")).includes("master_link_status:up"),
    );
  });

  it("goes on after the master was killed", async () => {
    const load = startRedisLoad(redis, "count");
    await load.recovers(MAX_RECOVERY_MS);
    const old = await findMaster();
    await old.kill();
    await load.fails();
    await load.recovers(MAX_RECOVERY_MS);
    expect(await set.findMasterPort()).not.to.equal(old.port);
    await load.stop();
    await redis.ping();
  });

  it("is found though a sentinel is away", async () => {
    await set.sentinels[0]?.kill();
    const other = await openRedis(set.url, { startTimeoutMs: 5_000 });
    await other.ping();
    await other.close();
    await set.sentinels[0]?.restart({ keepData: true });
  });

  it("is refused at start with what is wrong: master, passwords, or that there are no sentinels", async () => {
    const options = { startTimeoutMs: 600 };
    const changed = (from: string, to: string) =>
      rejectionOf(openRedis(set.url.replace(from, to), options));
    const cases: readonly [string, string, string][] = [
      [set.masterName, "no-such-master", 'know no master named "no-such-master"'],
      ["hunter2", "wrong", "refuses the user or password"],
      ["sentinel_password=hunter3", "sentinel_password=wrong", "give sentinel_password"],
      ["?sentinel_password=hunter3", "", "give sentinel_password"],
    ];
    for (const [from, to, words] of cases) {
      const err = await changed(from, to);
      expect(err, to).to.include({ code: "redis_unusable" });
      expect(err, to).to.have.property("message").that.includes(words);
      expect(String((err as Error).stack)).not.to.match(/hunter[23]/);
    }
    const server = `redis-sentinel://:hunter2@127.0.0.1:${set.replica.port}/${set.masterName}`;
    expect(await codeOfRejection(openRedis(server, options))).to.match(/^redis_un/);
  });
});
