/** The stores and secrets of a configuration, opened and checked; `app.ts` composes the server on them. */
import { join } from "node:path";
import type { Config } from "./config/config.js";
import type { ChangeFeed } from "./lib/change-feed.js";
import type { SecretKeys } from "./lib/derived-secrets.js";
import { LatchkeyError } from "./lib/errors.js";
import type { Logger } from "./lib/logger.js";
import { retryWhile } from "./lib/retry-while.js";
import { loadOrCreateSecretFile } from "./storage/data-directory.js";
import { assertSchemaCurrent, migrateDatabase } from "./storage/migrate.js";
import { openDatabase, type Database } from "./storage/open-database.js";
import { openRedis, type RedisConnection } from "./storage/open-redis.js";

/** 15 s: a database that is started together with us, and recovers what its log holds. */
const DATABASE_START_TIMEOUT_MS = 15_000;

/** What a process needs before it can compose anything: the stores and the secret. */
export interface Deployment {
  readonly database: Database;
  /** Undefined: the database carries all models. */
  readonly redis: RedisConnection | undefined;
  /** Undefined: nothing that is read may be kept, since nobody tells when it changes. */
  readonly changes: ChangeFeed | undefined;
  /** `config.secretKey`, or the generated one of development mode; and the previous one. */
  readonly secretKeys: SecretKeys;
  close(): Promise<void>;
}

/** What a server needs and an operator's command does not. */
export interface Serving {
  /** Gets what the stores have to say while they are open. */
  readonly logger: Logger;
}

/**
 * Opens the stores and brings the schema up to date in development; in production it must be current
 * (`latchkey migrate`).
 *
 * @param serving undefined for an operator's command: it changes nothing that lies in Redis, works
 *   while Redis is away, and ends too soon to keep what it reads.
 * @param needsRedis for a command that reads what lies there.
 * @throws LatchkeyError with one line that says which store and what to do.
 */
export async function openDeployment(
  config: Config,
  serving?: Serving,
  needsRedis: Serving | undefined = serving,
): Promise<Deployment> {
  const secretKeys: SecretKeys = [
    config.secretKey ?? loadOrCreateSecretFile(join(config.dataDirectory, "secret-key")),
    ...(config.secretKeyPrevious === undefined ? [] : [config.secretKeyPrevious]),
  ];
  const poolMax = config.databasePoolMax;
  const database = await openDatabase(config.databaseUrl, { poolMax, ...serving });
  try {
    await prepareSchema(config, database, serving);
    const redis = needsRedis === undefined ? undefined : await openRedisOf(config, needsRedis);
    const changes = serving === undefined ? undefined : database.openChangeFeed(serving.logger);
    const close = async () => {
      await changes?.close();
      await redis?.close();
      await database.close();
    };
    return { database, redis, changes, secretKeys, close };
  } catch (err) {
    await database.close();
    throw err;
  }
}

/** A server may be started together with its database, and waits for it; a command fails at once. */
async function prepareSchema(
  { mode }: Config,
  database: Database,
  serving: Serving | undefined,
): Promise<void> {
  const prepare = async () => {
    if (mode === "development") await migrateDatabase(database);
    else await assertSchemaCurrent(database);
  };
  if (serving === undefined) return prepare();
  return retryWhile(prepare, {
    isPassing: (err) => err instanceof LatchkeyError && err.code === "database_unavailable",
    timeoutMs: DATABASE_START_TIMEOUT_MS,
    onFirstFailure: (err) =>
      serving.logger.warn(
        { database: database.location, reason: err instanceof Error ? err.message : "" },
        `The database does not answer yet: trying for ${DATABASE_START_TIMEOUT_MS / 1000} s`,
      ),
  });
}

async function openRedisOf(
  { redisUrl, redisKeyPrefix: keyPrefix, redisShared: shared, issuer }: Config,
  { logger }: Serving,
): Promise<RedisConnection | undefined> {
  if (redisUrl === undefined) return undefined;
  return openRedis(redisUrl, { keyPrefix, shared, issuer, logger });
}
