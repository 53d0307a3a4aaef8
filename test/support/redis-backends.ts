import { startRedisCluster } from "./redis-cluster.js";
import {
  findRedisProblem,
  HOW_TO_GET_REDIS,
  startRedisServer,
  type RedisBinary,
} from "./redis-servers.js";

/** A kind of Redis that suites run against, started for each. */
export interface RedisBackend {
  readonly name: string;
  readonly howToGetIt: string;
  /** @returns why it can't be used here, or undefined when it can. */
  findProblem(): Promise<unknown>;
  start(): Promise<{ readonly url: string; stop(): Promise<void> }>;
}

const REDIS: readonly RedisBackend[] = [
  { name: "Redis", ...found("redis-server"), start: () => startRedisServer() },
  { name: "Redis Cluster", ...found("redis-server"), start: () => startRedisCluster() },
];
const VALKEY: readonly RedisBackend[] = [
  {
    name: "Valkey",
    ...found("valkey-server"),
    start: () => startRedisServer({ binary: "valkey-server" }),
  },
];

/** Debian 12 has no Valkey: where it is not installed, its suites do not even appear. */
export const REDIS_BACKENDS: readonly RedisBackend[] =
  findRedisProblem("valkey-server") === undefined ? [...REDIS, ...VALKEY] : REDIS;

function found(binary: RedisBinary) {
  return {
    howToGetIt: HOW_TO_GET_REDIS[binary],
    findProblem: async () => findRedisProblem(binary),
  };
}
