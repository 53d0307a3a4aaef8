/**
 * Takes the master away under load: of a Cluster and of a set with sentinels. A replica is promoted,
 * and the nodes find it. One line for each fault.
 *
 *   npm run fault:failover
 */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../support/eventually.js";
import { runFaults, type Fault } from "../support/load/run-faults.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startRedisCluster, type RedisCluster } from "../support/redis-cluster.js";
import { startRedisSentinels, type RedisSentinels } from "../support/redis-sentinels.js";
import type { RedisServer } from "../support/redis-servers.js";
import { startServerNodes } from "../support/server-nodes.js";

const STEADY_MS = 3_000;
const FAILOVER_MS = 30_000;

const postgres = await startOwnPostgres();
const violations: string[] = [];
try {
  const cluster = await startRedisCluster({ withReplicas: true, settings: { appendonly: "yes" } });
  try {
    violations.push(...(await runOn(cluster.url, faultsOfCluster(cluster))));
  } finally {
    await cluster.stop();
  }
  const sentinels = await startRedisSentinels();
  try {
    violations.push(...(await runOn(sentinels.url, faultsOfSentinels(sentinels))));
  } finally {
    await sentinels.stop();
  }
} finally {
  await postgres.close();
}
process.exitCode = violations.length === 0 ? 0 : 1;

async function runOn(redisUrl: string, faults: Fault[]): Promise<readonly string[]> {
  const environment = { DATABASE_URL: await createDatabase(), REDIS_URL: redisUrl };
  const nodes = await startServerNodes({ environment });
  try {
    return await runFaults(nodes, faults);
  } finally {
    await nodes.close();
  }
}

async function createDatabase(): Promise<string> {
  const name = `latchkey_${randomBytes(6).toString("hex")}`;
  await postgres.query(`create database ${name}`);
  return new URL(`/${name}`, postgres.url).href;
}

function faultsOfCluster({ masters, replicas }: RedisCluster): Fault[] {
  const [first, second] = masters;
  const [firstReplica, secondReplica] = replicas;
  return [
    { name: "Cluster, nothing", run: () => delay(STEADY_MS) },
    {
      name: "Cluster, a master killed, its replica promoted",
      async run() {
        await first?.kill();
        await becomesMaster(firstReplica);
      },
    },
    {
      name: "Cluster, the killed master back as a replica",
      async run() {
        await first?.restart({ keepData: true });
        await isInStep(first);
      },
    },
    {
      name: "Cluster, failover in good order",
      async run() {
        await secondReplica?.execute("CLUSTER", "FAILOVER");
        await becomesMaster(secondReplica);
        await isInStep(second);
      },
    },
    {
      name: "Cluster, a master stands still (SIGSTOP), replaced",
      async run() {
        secondReplica?.pause();
        await becomesMaster(second);
        secondReplica?.resume();
      },
    },
  ];
}

function faultsOfSentinels({ master, replica, sentinels, masterName }: RedisSentinels): Fault[] {
  return [
    { name: "Sentinel, nothing", run: () => delay(STEADY_MS) },
    {
      name: "Sentinel, master killed, replica promoted",
      async run() {
        await master.kill();
        await becomesMaster(replica);
      },
    },
    {
      name: "Sentinel, the killed master back as a replica",
      async run() {
        await master.restart({ keepData: false });
        await isInStep(master);
      },
    },
    {
      name: "Sentinel, SENTINEL FAILOVER",
      async run() {
        await eventually("a sentinel starts the failover", async () => {
          const answer = await sentinels[0]
            ?.execute("SENTINEL", "FAILOVER", masterName)
            .catch(String);
          return answer === "OK";
        });
        await becomesMaster(master);
      },
    },
  ];
}

async function becomesMaster(server: RedisServer | undefined): Promise<void> {
  await eventually(
    "the replica is the master",
    async () => (await replicationOf(server)).includes("role:master"),
    FAILOVER_MS,
  );
}

async function isInStep(server: RedisServer | undefined): Promise<void> {
  await eventually(
    "it replicates the new master",
    async () => {
      const replication = await replicationOf(server);
      return replication.includes("role:slave") && replication.includes("master_link_status:up");
    },
    FAILOVER_MS,
  );
}

/** Empty while it does not answer. */
async function replicationOf(server: RedisServer | undefined): Promise<string> {
  return String(await server?.execute("INFO", "replication").catch(() => ""));
}
