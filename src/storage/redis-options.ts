import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import type { ClusterOptions, RedisOptions } from "ioredis";
import { LatchkeyError } from "../lib/errors.js";
import { codeOf } from "./dialect.js";
import type { RedisTarget, RedisTls } from "./redis-url.js";

/** 2 s from the call: a command that was not answered by then fails, wherever it waits. */
export const COMMAND_TIMEOUT_MS = 2_000;
/** Below the command timeout, so that a command outlives one attempt to connect. */
const CONNECT_TIMEOUT_MS = 1_500;
/** 0.1 s, 0.2 s, … 1 s: found again within about a second, without a storm of connections. */
const FIRST_RECONNECT_DELAY_MS = 100;
const MAX_RECONNECT_DELAY_MS = 1_000;
/** So that nodes that lost the same Redis do not return in step. */
const RECONNECT_JITTER_MS = 100;
/** How often a Redis that loads its data is asked whether it is done. */
const LOADING_POLL_MS = 500;
/** A peer that does not close its side is not waited for. */
const DISCONNECT_TIMEOUT_MS = 200;
/** Idle time before the operating system probes; the heartbeat finds silent peers earlier. */
const KEEP_ALIVE_DELAY_MS = 5_000;
const SENTINEL_COMMAND_TIMEOUT_MS = 1_000;
/** How long one node of a cluster may take to tell who serves what; then the next is asked. */
const SLOTS_REFRESH_TIMEOUT_MS = 500;
/** Finds moved slots and promoted replicas that no command ran into. */
const SLOTS_REFRESH_INTERVAL_MS = 5_000;
const CLUSTER_RETRY_DELAY_MS = 100;
/** More than fit into the time of a command: that alone ends the search for a node during a failover. */
const MAX_REDIRECTIONS = 50;
/** A read-only server is left for a new connection once in this time, and errors otherwise. */
const READ_ONLY_RECONNECT_INTERVAL_MS = 1_000;
/** Shorter than the first reconnection delay: replies that were on their way with the first one. */
const READ_ONLY_RESEND_WINDOW_MS = 50;

/** Replies have the shape that every version of Redis gives them. */
type LegacyOptions = RedisOptions & { readonly replyMapping: "legacy" };

/** Of the library: reconnect, then send the command that failed again. */
const RECONNECT_AND_RESEND = 2;

/**
 * Commands that were not answered when a connection broke are sent again over the next one, within
 * their time; what a command does must therefore be safe to repeat. `limit-redis-commands.ts` drops
 * those whose time is over, which the library would send as well.
 *
 * The library's own automatic pipelining stays off: it keeps one batch in flight, lets what comes in
 * meanwhile wait without a limit, and does not resend a batch of which one reply was seen.
 */
export function redisOptions(target: RedisTarget): LegacyOptions {
  const connection = connectionOptions(target);
  if (target.kind !== "sentinel") return { ...connection, ...target.nodes[0] };
  const { tls } = connection;
  const { username, password } = target.sentinelCredentials;
  return {
    ...connection,
    sentinels: target.nodes.map((node) => ({ ...node })),
    name: target.masterName,
    sentinelCommandTimeout: SENTINEL_COMMAND_TIMEOUT_MS,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
  };
}

/** For a connection to one sentinel that lasts; its host and port are to be added. */
export function sentinelOptions(target: RedisTarget): LegacyOptions {
  const {
    username: _user,
    password: _password,
    commandTimeout: _time,
    ...connection
  } = connectionOptions({ ...target, database: 0 });
  return { ...connection, ...target.sentinelCredentials, enableReadyCheck: false };
}

export function clusterOptions(target: RedisTarget) {
  // Nodes are found by the cluster's own rules, and have no numbered databases.
  const {
    db: _db,
    retryStrategy: _retry,
    reconnectOnError: _on,
    ...node
  } = connectionOptions(target);
  return {
    lazyConnect: true,
    redisOptions: node,
    // Names stay names: certificates are made out to them.
    dnsLookup: (name, done) => done(null, name),
    maxRedirections: MAX_REDIRECTIONS,
    slotsRefreshTimeout: SLOTS_REFRESH_TIMEOUT_MS,
    slotsRefreshInterval: SLOTS_REFRESH_INTERVAL_MS,
    retryDelayOnFailover: CLUSTER_RETRY_DELAY_MS,
    retryDelayOnClusterDown: CLUSTER_RETRY_DELAY_MS,
    retryDelayOnTryAgain: CLUSTER_RETRY_DELAY_MS,
    clusterRetryStrategy: reconnectDelay,
  } satisfies ClusterOptions;
}

function connectionOptions(target: RedisTarget): LegacyOptions {
  return {
    ...target.credentials,
    ...(target.tls === undefined ? {} : { tls: tlsOptions(target.tls) }),
    db: target.database,
    replyMapping: "legacy",
    connectionName: "latchkey",
    disableClientInfo: true,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_DELAY_MS,
    maxLoadingRetryTime: LOADING_POLL_MS,
    // Each command has its own time; a count of attempts would end some of them early.
    maxRetriesPerRequest: null,
    retryStrategy: reconnectDelay,
    reconnectOnError: createReconnectWhenReadOnly(),
  };
}

function reconnectDelay(attempt: number): number {
  const delayMs = Math.min(FIRST_RECONNECT_DELAY_MS * 2 ** (attempt - 1), MAX_RECONNECT_DELAY_MS);
  return delayMs + Math.random() * RECONNECT_JITTER_MS;
}

/** After a failover the same name or sentinel leads to another server; this one became a replica. */
function createReconnectWhenReadOnly(): (err: Error) => false | typeof RECONNECT_AND_RESEND {
  let startedAtMs = -Infinity;
  return (err) => {
    if (!err.message.startsWith("READONLY")) return false;
    const nowMs = performance.now();
    if (nowMs - startedAtMs > READ_ONLY_RECONNECT_INTERVAL_MS) startedAtMs = nowMs;
    return nowMs - startedAtMs < READ_ONLY_RESEND_WINDOW_MS ? RECONNECT_AND_RESEND : false;
  };
}

/** @throws LatchkeyError `redis_unusable` for files that can't be read. */
export function tlsOptions(tls: RedisTls): ConnectionOptions {
  return {
    ...(tls.caFile === undefined ? {} : { ca: readPem(tls.caFile) }),
    ...(tls.certificateFile === undefined ? {} : { cert: readPem(tls.certificateFile) }),
    ...(tls.keyFile === undefined ? {} : { key: readPem(tls.keyFile) }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (err) {
    throw new LatchkeyError(
      "redis_unusable",
      `The file ${JSON.stringify(file)}, which the Redis URL names, can't be read (${codeOf(err)}).`,
      { cause: err },
    );
  }
}
