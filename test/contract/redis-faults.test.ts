import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { openRedis, type RedisConnection } from "../../src/storage/open-redis.js";
import { reportRedisOutages } from "../../src/storage/report-redis-outages.js";
import { eventually } from "../support/eventually.js";
import { startFaultProxy, type Fault, type FaultProxy } from "../support/fault-proxy.js";
import { startRedisLoad } from "../support/redis-load.js";
import {
  requireRedis,
  startRedisServer,
  type RedisServer,
  type RedisServerOptions,
} from "../support/redis-servers.js";
import { rejectionOf } from "../support/stores-rejection.js";

const MAX_RECOVERY_MS = 5_000;

describe("A Redis that fails", function () {
  this.timeout(120_000);
  before(function () {
    requireRedis(this);
  });

  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function start(options?: RedisServerOptions): Promise<RedisServer> {
    const server = await startRedisServer(options);
    closers.push(() => server.stop());
    return server;
  }

  async function open(url: string): Promise<RedisConnection> {
    const redis = await openRedis(url);
    closers.push(() => redis.close());
    return redis;
  }

  async function openBehindProxy() {
    const server = await start();
    const proxy = await startFaultProxy(server.url);
    closers.push(() => proxy.close());
    return { server, proxy, redis: await open(proxy.url) };
  }

  const valueOf = async (server: RedisServer, key: string) =>
    Number(await server.execute("GET", key));

  describe("on the way", () => {
    const faults: readonly Fault[] = [
      { mode: "silent" },
      { mode: "hold" },
      { mode: "mute" },
      { mode: "reset" },
      { mode: "refuse" },
      { mode: "cut", afterBytes: 2 },
      { mode: "latency", ms: 1_500 },
      { mode: "slow", bytesPerSecond: 2 },
    ];
    const runs = new Map<string, Promise<void>>();
    before(() => {
      // All at once: they mostly wait.
      for (const fault of faults) runs.set(fault.mode, runThrough(fault));
      runs.set("delay", runDelayed());
      for (const run of runs.values()) run.catch(() => {});
    });

    async function withRedis(
      work: (proxy: FaultProxy, redis: RedisConnection, server: RedisServer) => Promise<void>,
    ): Promise<void> {
      const server = await startRedisServer();
      const proxy = await startFaultProxy(server.url);
      const redis = await openRedis(proxy.url);
      try {
        await work(proxy, redis, server);
      } finally {
        await redis.close();
        await proxy.close();
        await server.stop();
      }
    }

    const runThrough = (fault: Fault) =>
      withRedis(async (proxy, redis, server) => {
        const load = startRedisLoad(redis, "count");
        await load.recovers(MAX_RECOVERY_MS);
        await proxy.be(fault);
        await load.fails();
        await delay(500);
        await proxy.be("none");
        await load.recovers(MAX_RECOVERY_MS);
        const { succeeded } = await load.stop();
        expect(await valueOf(server, "count")).to.be.at.least(succeeded);
      });

    const runDelayed = () =>
      withRedis(async (proxy, redis) => {
        await proxy.be({ mode: "latency", ms: 300 });
        const load = startRedisLoad(redis, "count");
        await delay(2_000);
        expect(await load.stop()).to.include({ failed: 0 });
      });

    for (const { mode } of faults) {
      it(`answers in its time, with 503 or the truth, and is back soon after (${mode})`, () =>
        runs.get(mode));
    }

    it("is only slow where it is slow", () => runs.get("delay"));
  });

  it("sends again what was cut off before its answer, and the caller never knows", async () => {
    const { proxy, redis } = await openBehindProxy();
    await proxy.be({ mode: "cut", afterBytes: 0 });
    const calls = Array.from({ length: 20 }, (_, n) => redis.client.set(`key-${n}`, n));
    await delay(100);
    await proxy.be("none");
    expect(await Promise.all(calls)).to.deep.equal(Array(20).fill("OK"));
  });

  it("sends nothing again that its caller was told to have failed", async () => {
    const { server, proxy, redis } = await openBehindProxy();
    await proxy.be("hold");
    const calls = Array.from({ length: 20 }, () => rejectionOf(redis.client.incr("late")));
    await delay(1_000);
    calls.push(rejectionOf(redis.client.incr("late")));
    await Promise.all(calls);
    await proxy.be("none");
    await eventually("Redis answers", async () => {
      const answer = await redis.client.get("late").catch(() => "no answer");
      return answer === null;
    });
    expect(await server.execute("EXISTS", "late")).to.equal(0);
  });

  it("finds a peer that fell silent while nobody asked it anything", async () => {
    const { proxy, redis } = await openBehindProxy();
    await proxy.be("silent");
    const lost = new Promise((resolve) => redis.client.once("close", resolve));
    const timeUp = delay(10_000, "not found");
    expect(await Promise.race([lost, timeUp])).not.to.equal("not found");
    await proxy.be("none");
    await eventually("it is ready", () => redis.client.status === "ready");
    const startedAtMs = performance.now();
    await redis.client.get("x");
    expect(performance.now() - startedAtMs).to.be.below(500);
  });

  it("refuses at once when too much waits, and when it has been away for long", async () => {
    const { proxy, redis } = await openBehindProxy();
    await proxy.be("refuse");
    const store = reportRedisOutages({ get: () => redis.client.get("x") });
    const calls = Array.from({ length: 12_000 }, () => store.get().catch((err: unknown) => err));
    const startedAtMs = performance.now();
    const last = await calls.at(-1);
    expect(last).to.include({ code: "redis_unavailable" });
    expect(last).to.have.nested.property("cause.message", "too many commands wait");
    expect(performance.now() - startedAtMs).to.be.below(1_000);
    expect(await Promise.all(calls)).to.satisfy((all: unknown[]) =>
      all.every((err) => err instanceof Error),
    );
    await delay(500);
    const againAtMs = performance.now();
    const err = await rejectionOf(store.get());
    expect(err).to.have.nested.property("cause.message", "not connected");
    expect(performance.now() - againAtMs).to.be.below(100);
    await proxy.be("none");
    await eventually("it answers", async () => (await store.get().catch(() => "")) === null);
  });

  it("sends what is asked for in one turn in one write", async function () {
    if (process.platform !== "linux") this.skip();
    const redis = await open((await start()).url);
    const countWrites = () =>
      Number(/^syscw: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
    const before = countWrites();
    await Promise.all(Array.from({ length: 200 }, (_, n) => redis.client.get(`key-${n}`)));
    expect(countWrites() - before).to.be.below(50);
  });

  describe("itself", () => {
    it("is back after a restart, with what was acknowledged", async () => {
      const server = await start({ settings: { appendonly: "yes", appendfsync: "always" } });
      const redis = await open(server.url);
      const load = startRedisLoad(redis, "count");
      await load.recovers(MAX_RECOVERY_MS);
      await server.kill();
      await delay(500);
      await server.restart({ keepData: true });
      await load.recovers(MAX_RECOVERY_MS);
      const { succeeded } = await load.stop();
      expect(await valueOf(server, "count")).to.be.at.least(succeeded);
    });

    it("is back after a restart without its data", async () => {
      const server = await start();
      const redis = await open(server.url);
      const load = startRedisLoad(redis, "count");
      await load.recovers(MAX_RECOVERY_MS);
      await server.restart({ keepData: false });
      await load.recovers(MAX_RECOVERY_MS);
      await load.stop();
    });

    it("is back after it stood still, and after it was away for longer", async () => {
      const server = await start();
      const redis = await open(server.url);
      const load = startRedisLoad(redis, "count");
      await load.recovers(MAX_RECOVERY_MS);
      server.pause();
      await load.fails();
      await delay(2_000);
      const err = await rejectionOf(redis.ping());
      expect(err).to.include({ code: "redis_unavailable", status: 503 });
      server.resume();
      await load.recovers(MAX_RECOVERY_MS);
      await redis.ping();
      await load.stop();
    });

    it("answers 503 as a replica, without a storm of connections, until it is a master again", async () => {
      const [server, other] = [await start(), await start()];
      const redis = await open(server.url);
      const load = startRedisLoad(redis, "count");
      await load.recovers(MAX_RECOVERY_MS);
      const connections = async () => {
        const info = String(await server.execute("INFO", "stats"));
        return Number(/total_connections_received:(\d+)/.exec(info)?.[1]);
      };
      const before = await connections();
      await server.execute("REPLICAOF", "127.0.0.1", other.port);
      await load.fails();
      await delay(2_000);
      const err = await rejectionOf(redis.ping());
      expect(err).to.have.nested.property("cause.message").that.includes("READONLY");
      expect((await connections()) - before).to.be.below(10);
      await server.execute("REPLICAOF", "NO", "ONE");
      await load.recovers(MAX_RECOVERY_MS);
      await load.stop();
    });

    it("answers 503 when its memory is full, also from within scripts, and reads go on", async () => {
      const server = await start();
      const redis = await open(server.url);
      await redis.client.set("known", "value");
      await server.execute("CONFIG", "SET", "maxmemory", "1");
      const store = reportRedisOutages({
        set: () => redis.client.set("x", "y"),
        run: () => redis.client.eval("return redis.call('set', KEYS[1], 'y')", 1, "x"),
      });
      for (const write of [store.set, store.run, redis.ping]) {
        const err = await rejectionOf(write());
        expect(err).to.include({ code: "redis_unavailable" });
        expect(err).to.have.nested.property("cause.message").that.includes("OOM");
      }
      expect(await redis.client.get("known")).to.equal("value");
      await server.execute("CONFIG", "SET", "maxmemory", "0");
      await store.set();
    });

    it("answers 503 while a script keeps it busy", async () => {
      const server = await start({ settings: { "busy-reply-threshold": "50" } });
      const redis = await open(server.url);
      const load = startRedisLoad(redis, "count");
      const script = rejectionOf(server.execute("EVAL", "while true do end", 0));
      await load.fails();
      await server.execute("SCRIPT", "KILL");
      await script;
      await load.recovers(MAX_RECOVERY_MS);
      await load.stop();
    });

    it("answers 503 while it can't save, and when its password was changed", async () => {
      const server = await start({ settings: { "min-replicas-to-write": "1" } });
      const redis = await open(server.url);
      const store = reportRedisOutages({ set: () => redis.client.set("x", "y") });
      const err = await rejectionOf(store.set());
      expect(err).to.have.nested.property("cause.message").that.includes("NOREPLICAS");
      await server.execute("CONFIG", "SET", "min-replicas-to-write", "0");
      await store.set();
      await server.execute("CONFIG", "SET", "requirepass", "hunter2");
      redis.client.disconnect(true);
      await eventually("it is refused", async () => {
        const refused = await store.set().catch((failure: unknown) => failure);
        return refused instanceof Error && /NOAUTH|WRONGPASS/.test(String(refused.cause));
      });
    });
  });

  it("tells the log once that it is away, why, and once that it is back", async () => {
    const server = await start();
    const lines: string[] = [];
    const log = (level: string) => (facts: object, text?: string) =>
      lines.push(`${level} ${text} ${JSON.stringify(facts)}`);
    const redis = await openRedis(server.url, {
      logger: { warn: log("warn"), info: log("info") } as never,
    });
    closers.push(() => redis.close());
    await server.kill();
    await eventually("it is missed", () => redis.client.status === "reconnecting");
    await delay(1_000);
    await server.restart({ keepData: false });
    await eventually("it is back", () => redis.client.status === "ready");
    await delay(100);
    expect(lines.map((line) => line.split(" ").slice(0, 3).join(" "))).to.deep.equal([
      "warn Redis fails:",
      "info Redis answers",
    ]);
  });

  it("closes at once, whether it answers or not", async () => {
    const modes = ["none", "silent", "refuse"] as const;
    await Promise.all(modes.map((mode) => closeDuring(mode)));
  });

  async function closeDuring(mode: "none" | "silent" | "refuse"): Promise<void> {
    const { proxy, redis } = await openBehindProxy();
    await proxy.be(mode);
    const call = redis.client.get("x").catch((err: unknown) => err);
    const startedAtMs = performance.now();
    await redis.close();
    expect(performance.now() - startedAtMs, mode).to.be.below(3_500);
    expect(await call, mode).to.satisfy((answer: unknown) =>
      mode === "none" ? answer === null : answer instanceof Error,
    );
    expect(await rejectionOf(redis.client.get("x")), mode).to.be.instanceOf(Error);
  }
});
