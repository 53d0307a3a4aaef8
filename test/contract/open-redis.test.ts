import { inspect } from "node:util";
import { expect } from "chai";
import { openRedis, type OpenRedisOptions } from "../../src/storage/open-redis.js";
import { startRedisCluster, type RedisCluster } from "../support/redis-cluster.js";
import { requireRedis, startRedisServer, type RedisServer } from "../support/redis-servers.js";
import { rejectionOf } from "../support/stores-rejection.js";

const ISSUER = "https://login.example.com";
/** Long enough for two attempts. */
const START_TIMEOUT_MS = 700;

describe("openRedis", function () {
  this.timeout(120_000);

  let server: RedisServer;
  let cluster: RedisCluster;
  before(async function () {
    requireRedis(this);
    [server, cluster] = await Promise.all([startRedisServer(), startRedisCluster()]);
  });
  after(async () => {
    await server?.stop();
    await cluster?.stop();
  });
  beforeEach(async () => {
    for (const each of [server, ...cluster.masters]) await each.execute("FLUSHALL");
  });

  async function openAndClose(url: string, options: OpenRedisOptions = {}): Promise<void> {
    const redis = await openRedis(url, { startTimeoutMs: START_TIMEOUT_MS, ...options });
    await redis.close();
  }

  /** @returns the sentence. */
  async function refusalOf(url: string, options: OpenRedisOptions = {}): Promise<string> {
    const lines: unknown[] = [];
    const log = (...line: unknown[]) => lines.push(line);
    const logger = { warn: log, info: log } as never;
    const err = await rejectionOf(openAndClose(url, { logger, ...options }));
    expect(err).to.be.instanceOf(Error).and.have.property("name", "LatchkeyError");
    const everything = inspect([err, lines], { depth: 9, showHidden: true });
    expect(everything).not.to.include("hunter2");
    const { message } = err as Error;
    expect(message).to.match(/^[^\n]+\.$/);
    return message;
  }

  describe("opens", () => {
    it("a server and a Cluster, which answer, take writes and say where they are", async () => {
      for (const url of [`${server.url}/3`, cluster.url]) {
        const redis = await openRedis(url, { issuer: ISSUER });
        expect(redis.location).to.equal(url);
        expect(redis.keyPrefix).to.equal("latchkey");
        await redis.ping();
        await redis.client.set("latchkey:a", "1");
        expect(await redis.client.get("latchkey:a")).to.equal("1");
        await redis.close();
      }
      await server.execute("FLUSHALL");
    });

    it("only the named database of a server", async () => {
      await openAndClose(`${server.url}/3`, { issuer: ISSUER, keyPrefix: "three" });
      const client = await openRedis(`${server.url}/3`);
      expect(await client.client.exists("three:format")).to.equal(1);
      await client.close();
      expect(await server.execute("EXISTS", "three:format")).to.equal(0);
    });
  });

  describe("waits for one that does not answer, then says which, where and why", () => {
    it("nobody listens there", async () => {
      const urls = ["redis://", "rediss://", "redis-cluster://", "redis-sentinel://"].map(
        (scheme) => `${scheme}u:hunter2@127.0.0.1:1${scheme.includes("sentinel") ? "/name" : ""}`,
      );
      const startedAtMs = performance.now();
      const messages = await Promise.all(urls.map((url) => refusalOf(url)));
      expect(performance.now() - startedAtMs).to.be.within(START_TIMEOUT_MS, 5_000);
      for (const [index, message] of messages.entries()) {
        const location = urls[index]?.replace("u:hunter2@", "");
        expect(message).to.include(location).and.include("ECONNREFUSED at 127.0.0.1:1");
      }
    });

    it("no host has that name", async () => {
      const message = await refusalOf("redis://:hunter2@nowhere.invalid:6379");
      expect(message).to.match(/nowhere\.invalid:6379.*(ENOTFOUND|EAI_AGAIN)/);
    });

    it("logs once that it waits", async () => {
      const lines: string[] = [];
      const logger = { warn: (_facts: unknown, text: string) => lines.push(text) } as never;
      await rejectionOf(openAndClose("redis://127.0.0.1:1", { logger }));
      expect(lines).to.deep.equal(["Redis does not answer yet: trying for 0.7 s"]);
    });

    it("opens it when it comes in time", async () => {
      const late = await startRedisServer();
      await late.kill();
      const opening = openRedis(late.url, { startTimeoutMs: 10_000 });
      await late.restart({ keepData: true });
      const redis = await opening;
      await redis.ping();
      await redis.close();
      await late.stop();
    });
  });

  describe("refuses at once what waiting can't mend:", () => {
    it("a wrong password, a missing one, and a user that Redis does not know", async () => {
      const closed = await startRedisServer({ password: "hunter2" });
      const at = (credentials: string) => `redis://${credentials}127.0.0.1:${closed.port}`;
      expect(await refusalOf(at(""))).to.include("asks for a password");
      expect(await refusalOf(at(":hunter2x@"))).to.include("refuses the user or password");
      expect(await refusalOf(at("nobody:hunter2@"))).to.include("refuses the user or password");
      await openAndClose(at(":hunter2@"));
      await closed.stop();
    });

    it("a database that it does not have", async () => {
      expect(await refusalOf(`${server.url}/999`))
        .to.include("/999")
        .and.include("database");
    });

    it("a server named as Cluster or sentinel, and a Cluster named as server", async () => {
      const address = `127.0.0.1:${server.port}`;
      expect(await refusalOf(`redis-cluster://${address}`)).to.include("is not a Redis Cluster");
      expect(await refusalOf(`redis-sentinel://${address}/x`)).to.include("no sentinel");
      const node = `redis://127.0.0.1:${cluster.masters[0]?.port}`;
      expect(await refusalOf(node))
        .to.include("is a cluster")
        .and.include("redis-cluster:");
    });

    it("a URL of another kind", async () => {
      expect(await refusalOf("http://u:hunter2@127.0.0.1")).to.include("must look like redis:");
    });
  });

  describe("notes whose data it is, and refuses", () => {
    it("the data of another issuer, of a newer version, or what it did not write", async () => {
      for (const [url, target] of [
        [server.url, server],
        [cluster.url, await cluster.findMasterOf("latchkey:format")],
      ] as const) {
        await openAndClose(url, { issuer: ISSUER });
        await openAndClose(url, { issuer: ISSUER });
        const format = JSON.parse(String(await target.execute("GET", "latchkey:format")));
        expect(format).to.deep.equal({ encoding: 1, issuer: ISSUER });
        const other = { issuer: "https://other.example.com" };
        expect(await refusalOf(url, other))
          .to.include("other.example.com")
          .and.include(ISSUER);
        await openAndClose(url, { ...other, keyPrefix: "other", shared: true });

        const newer = JSON.stringify({ encoding: 2, issuer: ISSUER });
        await target.execute("SET", "latchkey:format", newer);
        expect(await refusalOf(url, { issuer: ISSUER })).to.include("newer version");
        for (const junk of ["", "{", "[]", '{"encoding":"1"}']) {
          await target.execute("SET", "latchkey:format", junk);
          expect(await refusalOf(url, { issuer: ISSUER })).to.include("did not write");
        }
      }
    });

    it("keys of another application, telling their prefix and not the keys, unless it is shared", async () => {
      await server.execute("SET", "shop:customer:hunter2", "x");
      expect(await refusalOf(server.url, { issuer: ISSUER }))
        .to.include('begin with "shop"')
        .and.include("REDIS_SHARED=true");
      expect(await server.execute("EXISTS", "latchkey:format")).to.equal(0);
      await openAndClose(server.url, { issuer: ISSUER, shared: true });
      // Once it is known to be ours, what others add is their decision.
      await openAndClose(server.url, { issuer: ISSUER });
      await server.execute("FLUSHALL");
      await server.execute("SET", "hunter2", "x");
      expect(await refusalOf(server.url, { issuer: ISSUER })).to.include("without a prefix");
    });

    it("them on any master of a Cluster", async () => {
      for (const [index, master] of cluster.masters.entries()) {
        const key = await findKeyOn(cluster, index);
        await master.execute("SET", key, "x");
        expect(await refusalOf(cluster.url, { issuer: ISSUER })).to.include('begin with "shop"');
        await master.execute("DEL", key);
      }
      await openAndClose(cluster.url, { issuer: ISSUER });
    });

    it("takes keys under its own prefix for its own", async () => {
      await server.execute("SET", "latchkey:{abc}:Session:x", "x");
      await openAndClose(server.url, { issuer: ISSUER });
    });

    it("one issuer of two that start at the same time", async () => {
      const issuers = Array.from({ length: 6 }, (_, n) => `https://${n % 2}.example.com`);
      const outcomes = await Promise.allSettled(
        issuers.map((issuer) => openAndClose(server.url, { issuer })),
      );
      expect(outcomes.filter(({ status }) => status === "fulfilled")).to.have.length(3);
    });
  });

  describe("warns of a Redis that would forget", () => {
    async function warningsOf(url: string): Promise<string> {
      const lines: string[] = [];
      const logger = { warn: (_facts: unknown, text: string) => lines.push(text) } as never;
      await openAndClose(url, { logger });
      return lines.join("\n");
    }

    it("when its memory is short, whichever master of a Cluster it is", async () => {
      expect(await warningsOf(server.url)).to.equal("");
      expect(await warningsOf(cluster.url)).to.equal("");
      const [, , last] = cluster.masters;
      for (const [url, target] of [
        [server.url, server],
        [cluster.url, last],
      ] as const) {
        await target?.execute("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        expect(await warningsOf(url))
          .to.include("used codes, sessions and grants")
          .and.include("maxmemory-policy noeviction");
        await target?.execute("CONFIG", "SET", "maxmemory-policy", "noeviction");
      }
    });

    it("or that does not let it find out", async () => {
      const rented = await startRedisServer();
      const rights = ["~*", "+@all", "-info", "-config"];
      await rented.execute("ACL", "SETUSER", "tenant", "on", ">hunter2", ...rights);
      const url = `redis://tenant:hunter2@127.0.0.1:${rented.port}`;
      expect(await warningsOf(url)).to.include("does not tell its maxmemory-policy");
      await rented.stop();
    });
  });
});

async function findKeyOn(cluster: RedisCluster, index: number): Promise<string> {
  for (let n = 0; ; n++) {
    const key = `shop:${n}`;
    if ((await cluster.findMasterOf(key)) === cluster.masters[index]) return key;
  }
}
