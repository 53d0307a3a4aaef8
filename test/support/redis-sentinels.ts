import { eventually } from "./eventually.js";
import { startRedisServer, type RedisServer, type RedisServerOptions } from "./redis-servers.js";

export interface RedisSentinels {
  /** Names every sentinel. */
  readonly url: string;
  readonly masterName: string;
  /** As the set began. */
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: readonly RedisServer[];
  /** The port of the master, as a sentinel sees it now. */
  findMasterPort(): Promise<number>;
  stop(): Promise<void>;
}

export interface RedisSentinelsOptions {
  /** Of the data servers. */
  readonly password?: string;
  readonly sentinelPassword?: string;
  readonly tls?: NonNullable<RedisServerOptions["tls"]>;
}

const MASTER_NAME = "latchkey-master";
const SENTINELS = 3;
const QUORUM = 2;

/** A master, its replica, and three sentinels that know both and each other. */
export async function startRedisSentinels({
  password,
  sentinelPassword,
  tls,
}: RedisSentinelsOptions = {}): Promise<RedisSentinels> {
  const secret = {
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
  const replication: Record<string, string> = tls === undefined ? {} : { "tls-replication": "yes" };
  const master = await startRedisServer({
    ...secret,
    settings: { ...replication, "repl-diskless-sync-delay": "0" },
  });
  const replica = await startRedisServer({
    ...secret,
    settings: { ...replication, replicaof: `127.0.0.1 ${master.port}` },
  });
  const lines = [
    `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
    `sentinel failover-timeout ${MASTER_NAME} 3000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${MASTER_NAME} ${password}`]),
    ...(sentinelPassword === undefined
      ? []
      : [`requirepass ${sentinelPassword}`, `sentinel sentinel-pass ${sentinelPassword}`]),
  ];
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, () =>
      startRedisServer({
        sentinel: lines,
        ...(tls === undefined ? {} : { tls }),
        ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
      }),
    ),
  );
  await eventually("every sentinel knows the replica and the others", async () => {
    const answers = await Promise.all(
      sentinels.map((sentinel) => sentinel.execute("SENTINEL", "MASTER", MASTER_NAME)),
    );
    return answers.every((answer) => knowsAll(factsOf(answer)));
  });
  return {
    url: urlOf(sentinels, {
      ...secret,
      ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    }),
    masterName: MASTER_NAME,
    master,
    replica,
    sentinels,
    async findMasterPort() {
      const address = await sentinels[0]?.execute(
        "SENTINEL",
        "GET-MASTER-ADDR-BY-NAME",
        MASTER_NAME,
      );
      return Number((address as [string, string])[1]);
    },
    async stop() {
      await Promise.all([...sentinels, replica, master].map((server) => server.stop()));
    },
  };
}

function knowsAll(facts: ReadonlyMap<string, string>): boolean {
  return (
    facts.get("num-slaves") === "1" && facts.get("num-other-sentinels") === String(SENTINELS - 1)
  );
}

function factsOf(answer: unknown): Map<string, string> {
  const list = answer as string[];
  return new Map(
    Array.from({ length: list.length / 2 }, (_, at) => [
      list[at * 2] ?? "",
      list[at * 2 + 1] ?? "",
    ]),
  );
}

function urlOf(
  sentinels: readonly RedisServer[],
  { password, sentinelPassword, tls }: RedisSentinelsOptions,
): string {
  const credentials = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",");
  const parameters = [
    ...(sentinelPassword === undefined
      ? []
      : [`sentinel_password=${encodeURIComponent(sentinelPassword)}`]),
    ...(tls === undefined ? [] : [`ca=${tls.ca}`]),
  ];
  const query = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
  const scheme = tls === undefined ? "redis-sentinel" : "rediss-sentinel";
  return `${scheme}://${credentials}${hosts}/${MASTER_NAME}${query}`;
}
