import { eventually } from "../eventually.js";
import type { RedisCluster } from "../redis-cluster.js";
import type { RedisSentinels } from "../redis-sentinels.js";
import type { RedisServer } from "../redis-servers.js";
import type { Fault } from "./fault.js";

const FAILOVER_MS = 30_000;
/** Longer than the nodes take to follow; the old master is demoted when it is over. */
const PAUSE_MS = 10_000;

/** In this order: each begins where the one before it ended. */
export function clusterFaults({ masters, replicas }: RedisCluster): Fault[] {
  const [first, second] = masters;
  const [firstReplica, secondReplica] = replicas;
  return [
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

/** In this order. */
export function sentinelFaults(set: RedisSentinels): Fault[] {
  const { master, replica, sentinels, masterName } = set;
  return [
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
      name: "Sentinel, failover in good order",
      async run() {
        await eventually(
          "a sentinel starts the failover",
          async () => {
            // The old master goes on taking writes until a sentinel demotes it, and loses them.
            await replica.execute("CLIENT", "PAUSE", PAUSE_MS, "WRITE");
            const answer = await sentinels[0]
              ?.execute("SENTINEL", "FAILOVER", masterName)
              .catch(String);
            return answer === "OK";
          },
          FAILOVER_MS,
        );
        await becomesMaster(master);
        await isInStep(replica);
      },
    },
  ];
}

function becomesMaster(server: RedisServer | undefined): Promise<void> {
  return eventually(
    "the replica is the master",
    async () => (await replicationOf(server)).includes("role:master"),
    FAILOVER_MS,
  );
}

function isInStep(server: RedisServer | undefined): Promise<void> {
  return eventually(
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
