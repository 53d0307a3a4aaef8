/**
 * Kills and stops the nodes themselves under load: SIGKILL at any moment, crash loops, rolling
 * restarts. What a killed node had answered holds; what it was answering is in doubt.
 *
 *   npm run fault:nodes [-- ROUNDS]
 */
import { nodeFaults } from "../support/faults/node-faults.js";
import { runFaults } from "../support/faults/run-faults.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startRedisServer } from "../support/redis-servers.js";
import { startServerNodes } from "../support/server-nodes.js";

const ROUNDS = Number(process.argv[2] ?? 10);

const redis = await startRedisServer({ settings: { appendonly: "yes" } });
try {
  console.log("on PostgreSQL");
  const violations = [...(await runOn({}))];
  console.log("on PostgreSQL and Redis");
  violations.push(...(await runOn({ REDIS_URL: redis.url })));
  process.exitCode = violations.length === 0 ? 0 : 1;
} finally {
  await redis.stop();
}

async function runOn(environment: Record<string, string>): Promise<readonly string[]> {
  const postgres = await startOwnPostgres();
  const cluster = await startServerNodes({
    environment: { DATABASE_URL: postgres.url, ...environment },
  });
  try {
    return await runFaults(cluster, nodeFaults(cluster.nodes, ROUNDS));
  } finally {
    await cluster.close();
    await postgres.close();
  }
}
