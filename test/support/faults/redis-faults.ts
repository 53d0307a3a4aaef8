import { setTimeout as delay } from "node:timers/promises";
import type { FaultProxy, Fault as ProxyFault } from "../fault-proxy.js";
import type { RedisServer } from "../redis-servers.js";
import type { Fault, FaultTimes } from "./fault.js";

const REASON = "redis_unavailable";
const BURSTS = 10;
const BURST_MS = 100;
const BETWEEN_BURSTS_MS = 300;

/** Of a Redis that keeps its data on disk. */
export function redisFaults(
  { execute, restart, kill, pause, resume }: RedisServer,
  { shortMs, longMs }: FaultTimes,
): Fault[] {
  return [
    { name: "Redis restarted with its data", run: withJwt(() => restart({ keepData: true })) },
    {
      name: "Redis killed (SIGKILL), restarted with its data",
      async run() {
        await kill();
        await restart({ keepData: true });
      },
    },
    {
      name: `Redis stopped for ${longMs} ms`,
      reason: REASON,
      run: withJwt(async () => {
        await kill();
        await delay(longMs);
        await restart({ keepData: true });
      }),
    },
    {
      name: `Redis stands still (SIGSTOP) for ${shortMs} ms`,
      reason: REASON,
      run: withJwt(async () => {
        pause();
        await delay(shortMs);
        resume();
      }),
    },
    {
      name: `Redis read-only (REPLICAOF) for ${shortMs} ms`,
      reason: REASON,
      run: withJwt(async () => {
        await execute("REPLICAOF", "127.0.0.1", 1);
        await delay(shortMs);
        await execute("REPLICAOF", "NO", "ONE");
      }),
    },
    {
      name: `Redis out of memory for ${shortMs} ms`,
      reason: REASON,
      run: withJwt(async () => {
        await execute("CONFIG", "SET", "maxmemory", "1mb");
        await delay(shortMs);
        await execute("CONFIG", "SET", "maxmemory", "0");
      }),
    },
    {
      name: "Redis restarted without its data",
      run: ({ ledger }) => ledger.whileLosing(() => restart({ keepData: false })),
    },
    { name: "FLUSHALL", run: ({ ledger }) => ledger.whileLosing(() => execute("FLUSHALL")) },
  ];
}

/** Faults that lose bytes, and with them the connection. */
const LOSSY = new Set<ProxyFault["mode"]>(["mute", "silent"]);

/** Of the way between nodes and Redis. */
export function redisWayFaults({ be }: FaultProxy, { shortMs }: FaultTimes): Fault[] {
  const forSomeTime = (fault: ProxyFault, ms: number) => async () => {
    await be(fault);
    await delay(ms);
    // Bytes never go missing in the middle of a connection: what lost some of them is over.
    if (LOSSY.has(fault.mode)) await be("reset");
    await be("none");
  };
  const inBursts = (fault: ProxyFault) => async () => {
    for (let burst = 0; burst < BURSTS; burst++) {
      await forSomeTime(fault, BURST_MS)();
      await delay(BETWEEN_BURSTS_MS);
    }
  };
  const bursts = `${BURSTS} bursts of ${BURST_MS} ms`;
  const outage = (name: string, fault: ProxyFault): Fault => ({
    name: `${name} for ${shortMs} ms`,
    reason: REASON,
    run: withJwt(forSomeTime(fault, shortMs)),
  });
  return [
    { name: `replies cut, ${bursts}`, run: withJwt(inBursts({ mode: "cut", afterBytes: 0 })) },
    { name: `replies torn, ${bursts}`, run: withJwt(inBursts({ mode: "cut", afterBytes: 200 })) },
    { name: `replies lost, ${bursts}`, run: inBursts({ mode: "mute" }) },
    { name: `connections reset, ${bursts}`, run: inBursts({ mode: "reset" }) },
    outage("replies lost", { mode: "mute" }),
    outage("silence both ways", { mode: "silent" }),
    outage("held up, then delivered,", { mode: "hold" }),
    outage("connections refused", { mode: "refuse" }),
    {
      name: "300 ms late each way",
      run: forSomeTime({ mode: "latency", ms: 300 }, shortMs),
    },
  ];
}

/** Tokens that nobody stores need no Redis. */
function withJwt(run: () => Promise<unknown>): Fault["run"] {
  return async ({ probe }) => {
    probe.expectJwtTokens(true);
    try {
      await run();
    } finally {
      probe.expectJwtTokens(false);
    }
  };
}
