/**
 * Breaks the Redis of two nodes in every way that a server or the way to it can break, under load:
 * restarts, crashes, silence, read-only, out of memory, replies lost. One line for each fault.
 *
 *   npm run fault:redis [-- PATTERN [TIMES]]
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  startFaultProxy,
  type Fault as ProxyFault,
  type FaultProxy,
} from "../support/fault-proxy.js";
import { runFaults, type Fault } from "../support/load/run-faults.js";
import type { Load } from "../support/load/start-load.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startRedisServer, type RedisServer } from "../support/redis-servers.js";
import { startServerNodes } from "../support/server-nodes.js";

const PATTERN = new RegExp(process.argv[2] ?? "");
const TIMES = Number(process.argv[3] ?? 1);
const STOPPED_MS = 20_000;
const SHORT_MS = 5_000;
const REASON = "redis_unavailable";

/** Faults that lose bytes, and with them the connection. */
const LOSSY = new Set<ProxyFault["mode"]>(["mute", "silent"]);

const postgres = await startOwnPostgres();
const redis = await startRedisServer({ settings: { appendonly: "yes" } });
const proxy = await startFaultProxy(redis.url);
const nodes = await startServerNodes({
  environment: { DATABASE_URL: postgres.url, REDIS_URL: proxy.url },
});
try {
  const all = [...faultsOfServer(redis), ...faultsOfWay(proxy), ...faultsThatLose(redis)];
  const chosen = all.filter(({ name }) => PATTERN.test(name));
  const violations = await runFaults(nodes, Array<Fault[]>(TIMES).fill(chosen).flat());
  process.exitCode = violations.length === 0 ? 0 : 1;
} finally {
  await nodes.close();
  await proxy.close();
  await redis.stop();
  await postgres.close();
}

function faultsOfServer({ execute, restart, kill, pause, resume }: RedisServer): Fault[] {
  return [
    { name: "nothing", run: () => delay(3_000) },
    { name: "Redis restarted with its data", run: withJwt(() => restart({ keepData: true })) },
    {
      name: "Redis killed (SIGKILL), restarted with its data",
      async run() {
        await kill();
        await restart({ keepData: true });
      },
    },
    {
      name: `Redis stopped for ${STOPPED_MS} ms`,
      reason: REASON,
      run: withJwt(async () => {
        await kill();
        await delay(STOPPED_MS);
        await restart({ keepData: true });
      }),
    },
    {
      name: `Redis stands still (SIGSTOP) for ${SHORT_MS} ms`,
      reason: REASON,
      run: withJwt(async () => {
        pause();
        await delay(SHORT_MS);
        resume();
      }),
    },
    {
      name: `Redis read-only (REPLICAOF) for ${SHORT_MS} ms`,
      reason: REASON,
      run: withJwt(async () => {
        await execute("REPLICAOF", "127.0.0.1", 1);
        await delay(SHORT_MS);
        await execute("REPLICAOF", "NO", "ONE");
      }),
    },
    {
      name: `Redis out of memory for ${SHORT_MS} ms`,
      reason: REASON,
      run: withJwt(async () => {
        await execute("CONFIG", "SET", "maxmemory", "1mb");
        await delay(SHORT_MS);
        await execute("CONFIG", "SET", "maxmemory", "0");
      }),
    },
  ];
}

function faultsOfWay({ be }: FaultProxy): Fault[] {
  const forSomeTime = (fault: ProxyFault, ms: number) => async () => {
    await be(fault);
    await delay(ms);
    // Bytes never go missing in the middle of a connection: what lost some of them is over.
    if (LOSSY.has(fault.mode)) await be("reset");
    await be("none");
  };
  const inBursts = (fault: ProxyFault, ms: number) => async () => {
    for (let burst = 0; burst < 20; burst++) {
      await forSomeTime(fault, ms)();
      await delay(300);
    }
  };
  return [
    {
      name: "replies cut, 20 bursts of 100 ms",
      run: withJwt(inBursts({ mode: "cut", afterBytes: 0 }, 100)),
    },
    {
      name: "replies torn after 200 bytes, 20 bursts of 100 ms",
      run: withJwt(inBursts({ mode: "cut", afterBytes: 200 }, 100)),
    },
    { name: "connections reset, 20 bursts of 50 ms", run: inBursts({ mode: "reset" }, 50) },
    { name: "replies lost, 20 bursts of 100 ms", run: inBursts({ mode: "mute" }, 100) },
    {
      name: `replies lost for ${SHORT_MS} ms`,
      reason: REASON,
      run: withJwt(forSomeTime({ mode: "mute" }, SHORT_MS)),
    },
    {
      name: `silence both ways for ${SHORT_MS} ms`,
      reason: REASON,
      run: withJwt(forSomeTime({ mode: "silent" }, SHORT_MS)),
    },
    {
      name: `held up for ${SHORT_MS} ms, then delivered`,
      reason: REASON,
      run: withJwt(forSomeTime({ mode: "hold" }, SHORT_MS)),
    },
    {
      name: `refused for ${SHORT_MS} ms`,
      reason: REASON,
      run: withJwt(forSomeTime({ mode: "refuse" }, SHORT_MS)),
    },
    { name: "300 ms late each way", run: forSomeTime({ mode: "latency", ms: 300 }, SHORT_MS) },
  ];
}

function faultsThatLose({ execute, restart }: RedisServer): Fault[] {
  return [
    {
      name: "Redis restarted without its data",
      run: ({ ledger }) => ledger.whileLosing(() => restart({ keepData: false })),
    },
    { name: "FLUSHALL", run: ({ ledger }) => ledger.whileLosing(() => execute("FLUSHALL")) },
  ];
}

/** Tokens that nobody stores need no Redis. */
function withJwt(run: () => Promise<unknown>): Fault["run"] {
  return async ({ probe }: Load) => {
    probe.expectJwtTokens(true);
    try {
      await run();
    } finally {
      probe.expectJwtTokens(false);
    }
  };
}
