import { eventually } from "./eventually.js";
import {
  startRedisServer,
  type RedisBinary,
  type RedisServer,
  type RedisServerOptions,
} from "./redis-servers.js";

export interface RedisCluster {
  /** Names every node. */
  readonly url: string;
  /** As the cluster began; roles change with failovers. */
  readonly masters: readonly RedisServer[];
  /** The first of them replicates the first master, and so on; empty without replicas. */
  readonly replicas: readonly RedisServer[];
  /** The master that serves the key now, as the first node that answers sees it. */
  findMasterOf(key: string): Promise<RedisServer>;
  stop(): Promise<void>;
}

export interface RedisClusterOptions {
  readonly binary?: RedisBinary;
  /** One replica each. */
  readonly withReplicas?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  readonly password?: string;
  /** Between clients and nodes, and among these. */
  readonly tls?: NonNullable<RedisServerOptions["tls"]>;
}

const MASTERS = 3;
const SLOTS = 16_384;

const CLUSTER_SETTINGS = {
  "cluster-enabled": "yes",
  // A master is held for dead after so long; the default of 15 s is for networks.
  "cluster-node-timeout": "1000",
  "cluster-replica-validity-factor": "0",
  "repl-diskless-sync-delay": "0",
};

/** Three masters that share the slots evenly, perhaps with a replica each; resolves when all agree. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { withReplicas = false, settings, ...serverOptions } = options;
  const count = withReplicas ? MASTERS * 2 : MASTERS;
  const nodes = await Promise.all(
    Array.from({ length: count }, () =>
      startRedisServer({
        ...serverOptions,
        settings: {
          ...CLUSTER_SETTINGS,
          ...(options.tls === undefined ? {} : { "tls-cluster": "yes", "tls-replication": "yes" }),
          ...settings,
        },
      }),
    ),
  );
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  const masters = nodes.slice(0, MASTERS);
  const replicas = nodes.slice(MASTERS);
  try {
    await formCluster(nodes, masters);
    await replicate(masters, replicas);
  } catch (err) {
    await stop();
    throw err;
  }
  return {
    url: urlOf(nodes, options),
    masters,
    replicas,
    findMasterOf: (key) => findMasterOf(nodes, key),
    stop,
  };
}

function urlOf(nodes: readonly RedisServer[], { password, tls }: RedisClusterOptions): string {
  const credentials = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join(",");
  return tls === undefined
    ? `redis-cluster://${credentials}${hosts}`
    : `rediss-cluster://${credentials}${hosts}?ca=${tls.ca}`;
}

async function formCluster(nodes: readonly RedisServer[], masters: readonly RedisServer[]) {
  const share = SLOTS / masters.length;
  await Promise.all(
    nodes.map((node, index) => node.execute("CLUSTER", "SET-CONFIG-EPOCH", index + 1)),
  );
  await Promise.all(
    masters.map((master, index) =>
      master.execute(
        "CLUSTER",
        "ADDSLOTSRANGE",
        Math.floor(index * share),
        Math.floor((index + 1) * share) - 1,
      ),
    ),
  );
  const [first] = nodes;
  for (const node of nodes.slice(1)) {
    await first?.execute("CLUSTER", "MEET", "127.0.0.1", node.port, node.busPort);
  }
  await eventually("every node knows every other and all slots", async () => {
    const infos = await Promise.all(nodes.map((node) => node.execute("CLUSTER", "INFO")));
    return infos.every(
      (info) =>
        String(info).includes("cluster_state:ok") &&
        String(info).includes(`cluster_known_nodes:${nodes.length}\r`),
    );
  });
}

async function replicate(masters: readonly RedisServer[], replicas: readonly RedisServer[]) {
  for (const [index, replica] of replicas.entries()) {
    const id = await masters[index]?.execute("CLUSTER", "MYID");
    await replica.execute("CLUSTER", "REPLICATE", String(id));
  }
  await eventually("every replica has the data of its master", async () => {
    const infos = await Promise.all(replicas.map((node) => node.execute("INFO", "replication")));
    return infos.every((info) => String(info).includes("master_link_status:up"));
  });
  // A replica that its master's other peers do not know of yet would not be elected.
  await eventually("every master counts its replica", async () => {
    const infos = await Promise.all(masters.map((node) => node.execute("INFO", "replication")));
    const expected = `connected_slaves:${replicas.length / MASTERS}\r`;
    return infos.every((info) => String(info).includes(expected));
  });
}

async function findMasterOf(nodes: readonly RedisServer[], key: string): Promise<RedisServer> {
  const slot = Number(await firstAnswer(nodes, "CLUSTER", "KEYSLOT", key));
  const ranges = (await firstAnswer(nodes, "CLUSTER", "SLOTS")) as [
    number,
    number,
    [string, number],
  ][];
  const range = ranges.find(([from, to]) => from <= slot && slot <= to);
  const master = nodes.find(({ port }) => port === range?.[2][1]);
  if (master === undefined) throw new Error(`nobody serves slot ${slot}`);
  return master;
}

function firstAnswer(nodes: readonly RedisServer[], ...command: string[]): Promise<unknown> {
  return Promise.any(nodes.map((node) => node.execute(...command)));
}
