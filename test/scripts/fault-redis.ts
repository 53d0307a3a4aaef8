/**
 * Breaks the Redis of two nodes in every way that a server or the way to it can break, under load:
 * restarts, crashes, silence, read-only, out of memory, replies lost; and the PostgreSQL beside it.
 * One line for each fault.
 *
 *   npm run fault:redis [-- PATTERN [TIMES]]
 */
import { startFaultProxy } from "../support/fault-proxy.js";
import type { Fault } from "../support/faults/fault.js";
import { postgresFaults } from "../support/faults/postgres-faults.js";
import { redisFaults, redisWayFaults } from "../support/faults/redis-faults.js";
import { chooseFaults, runFaults } from "../support/faults/run-faults.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startRedisServer } from "../support/redis-servers.js";
import { startServerNodes } from "../support/server-nodes.js";

const TIMES = { shortMs: 5_000, longMs: 20_000 };

/** With Redis the table is needed by nobody. */
const isFelt = ({ name }: Fault) => !name.startsWith("table model");

const postgres = await startOwnPostgres();
const redis = await startRedisServer({ settings: { appendonly: "yes" } });
const proxy = await startFaultProxy(redis.url);
const nodes = await startServerNodes({
  environment: { DATABASE_URL: postgres.url, REDIS_URL: proxy.url },
});
try {
  const all = [
    ...redisWayFaults(proxy, TIMES),
    ...postgresFaults(postgres, { shortMs: TIMES.shortMs, longMs: 8_000 }).filter(isFelt),
    ...redisFaults(redis, TIMES),
  ];
  const violations = await runFaults(nodes, chooseFaults(all, process.argv.slice(2)));
  process.exitCode = violations.length === 0 ? 0 : 1;
} finally {
  await nodes.close();
  await proxy.close();
  await redis.stop();
  await postgres.close();
}
