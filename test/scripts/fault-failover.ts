/**
 * Takes the master away under load: of a Cluster and of a set with sentinels. A replica is promoted,
 * and the nodes find it. One line for each fault.
 *
 *   npm run fault:failover
 */
import { clusterFaults, sentinelFaults } from "../support/faults/failover-faults.js";
import { runFaults } from "../support/faults/run-faults.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startRedisCluster } from "../support/redis-cluster.js";
import { startRedisSentinels } from "../support/redis-sentinels.js";
import { startServerNodes } from "../support/server-nodes.js";
import type { Fault } from "../support/faults/fault.js";

const violations = [...(await onCluster()), ...(await onSentinels())];
process.exitCode = violations.length === 0 ? 0 : 1;

async function onCluster(): Promise<readonly string[]> {
  const cluster = await startRedisCluster({ withReplicas: true, settings: { appendonly: "yes" } });
  try {
    return await runOn(cluster.url, clusterFaults(cluster));
  } finally {
    await cluster.stop();
  }
}

async function onSentinels(): Promise<readonly string[]> {
  const sentinels = await startRedisSentinels();
  try {
    return await runOn(sentinels.url, sentinelFaults(sentinels));
  } finally {
    await sentinels.stop();
  }
}

async function runOn(redisUrl: string, faults: readonly Fault[]): Promise<readonly string[]> {
  const postgres = await startOwnPostgres();
  const environment = { DATABASE_URL: postgres.url, REDIS_URL: redisUrl };
  const nodes = await startServerNodes({ environment });
  try {
    return await runFaults(nodes, faults);
  } finally {
    await nodes.close();
    await postgres.close();
  }
}
