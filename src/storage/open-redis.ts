import { setTimeout as wait } from "node:timers/promises";
import { Cluster, Redis } from "ioredis";
import type { Logger } from "../lib/logger.js";
import { retryWhile } from "../lib/retry-while.js";
import { checkRedis, warnAboutEviction } from "./check-redis.js";
import { limitClusterCommands, limitCommands } from "./limit-redis-commands.js";
import { logOutages, waitUntilReady } from "./redis-availability.js";
import { watchFailovers } from "./redis-failover-watch.js";
import { startHeartbeat } from "./redis-heartbeat.js";
import { clusterOptions, redisOptions } from "./redis-options.js";
import { describeFailure } from "./redis-start-problem.js";
import { parseRedisUrl, type RedisTarget } from "./redis-url.js";
import { isRedisOutage, redisUnavailable } from "./report-redis-outages.js";

/** Connections to one Redis: a server, the master that sentinels watch, or a Cluster. */
export interface RedisConnection {
  /**
   * Each command settles within 2 s. One that was sent and not answered when its connection broke is
   * sent again over the next: what it does must be safe to repeat. Errors carry keys and values;
   * stores over it are wrapped in `reportRedisOutages`.
   */
  readonly client: Redis | Cluster;
  /** Every key begins with it and a colon. */
  readonly keyPrefix: string;
  /** For the operator: kind, hosts, ports and database. Carries no credentials. */
  readonly location: string;
  /**
   * Resolves when Redis (each master of a Cluster) answers and can be written to. Takes 2 s at most.
   * @throws LatchkeyError `redis_unavailable`
   */
  ping(): Promise<void>;
  /** Waits for commands under way; calls after it fail. */
  close(): Promise<void>;
}

export interface OpenRedisOptions {
  readonly keyPrefix?: string;
  /**
   * Whose data this is: checked against what Redis holds, and noted there. Without it nothing is
   * checked or noted, which is for tests.
   */
  readonly issuer?: string;
  /** Whether keys of other applications are expected beside ours. */
  readonly shared?: boolean;
  /** Gets the warnings of the start, and each loss and return of Redis. */
  readonly logger?: Pick<Logger, "info" | "warn">;
  /** How long a Redis that does not answer is waited for. */
  readonly startTimeoutMs?: number;
}

const DEFAULT_KEY_PREFIX = "latchkey";
/** 15 s: a Redis that is started together with us, and loads its data. */
const DEFAULT_START_TIMEOUT_MS = 15_000;
const CLOSE_TIMEOUT_MS = 500;
const PING_KEY_SECONDS = 60;

/**
 * Connects to the Redis of a URL (see `parseRedisUrl`) and checks that it is ours to use. While it
 * does not answer it is tried again, for a bounded time.
 *
 * @throws LatchkeyError `redis_unusable`, `redis_unavailable`, `redis_foreign`, `redis_newer`; one
 *   sentence that never carries credentials.
 */
export async function openRedis(
  url: string,
  options: OpenRedisOptions = {},
): Promise<RedisConnection> {
  const target = parseRedisUrl(url);
  const { keyPrefix = DEFAULT_KEY_PREFIX, logger } = options;
  const timeoutMs = options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS;
  const { client, stop } = createClient(target);
  let stopLogging = () => {};
  const connection: RedisConnection = {
    client,
    keyPrefix,
    location: target.location,
    ping: () => ping(client, keyPrefix),
    async close() {
      await finishCommands(client);
      stopLogging();
      stop();
      await disconnect(client);
    },
  };
  try {
    await waitUntilReady(client, target, { timeoutMs, logger });
    await retryWhile(() => checkRedis(connection, options), {
      isPassing: isRedisOutage,
      timeoutMs,
    });
    if (logger !== undefined) await warnAboutEviction(connection, logger);
  } catch (err) {
    stop();
    await disconnect(client);
    throw describeFailure(target, err);
  }
  if (logger !== undefined) stopLogging = logOutages(client, target.location, logger);
  return connection;
}

/** Calls fail with the reason; `logOutages` listens as well. Without a listener it would be printed. */
const ignore = () => {};

function createClient(target: RedisTarget): { client: Redis | Cluster; stop: () => void } {
  if (target.kind !== "cluster") {
    const client = new Redis(redisOptions(target));
    client.on("error", ignore);
    limitCommands(client);
    const stopHeartbeat = startHeartbeat(client);
    const stopWatch = target.kind === "sentinel" ? watchFailovers(client, target) : ignore;
    return {
      client,
      stop() {
        stopHeartbeat();
        stopWatch();
      },
    };
  }
  const client = new Cluster(
    target.nodes.map((node) => ({ ...node })),
    clusterOptions(target),
  );
  client.on("error", ignore);
  limitClusterCommands(client);
  client.on("+node", (node: Redis) => {
    limitCommands(node);
    startHeartbeat(node);
  });
  return { client, stop: () => {} };
}

async function ping(client: Redis | Cluster, keyPrefix: string): Promise<void> {
  try {
    const masters = client instanceof Cluster ? client.nodes("master") : [];
    await Promise.all([
      ...masters.map((node) => node.ping()),
      client.set(`${keyPrefix}:ping`, "", "EX", PING_KEY_SECONDS),
    ]);
  } catch (err) {
    throw redisUnavailable(err);
  }
}

/** Replies come in order: when the answer to a ping is there, so are all before it. */
async function finishCommands(client: Redis | Cluster): Promise<void> {
  const nodes = client instanceof Cluster ? client.nodes() : [client];
  const connected = nodes.filter(({ status }) => status === "ready");
  await Promise.allSettled(connected.map((node) => node.ping()));
}

async function disconnect(client: Redis | Cluster): Promise<void> {
  if (client.status === "end") return;
  const ended = new Promise<void>((resolve) => client.once("end", resolve));
  client.disconnect();
  // A client that waits to reconnect is at its end without saying so.
  await Promise.race([ended, wait(CLOSE_TIMEOUT_MS)]);
}
