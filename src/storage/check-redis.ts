import { Cluster, type Redis } from "ioredis";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import type { RedisConnection } from "./open-redis.js";
import { isRedisOutage } from "./report-redis-outages.js";

export interface RedisChecks {
  /** Whose data this is; undefined: neither checked nor noted. */
  readonly issuer?: string;
  readonly shared?: boolean;
}

/** Raised when the version before could not read what this one writes. */
const ENCODING_VERSION = 1;

/** Enough to find the keys of another application, were there any, and done in a moment. */
const MAX_SCANNED_KEYS = 1_000;
const SCAN_BATCH = 200;
const MAX_PREFIX_LENGTH = 30;

/**
 * Checks that this Redis is of the kind that its URL says and holds no data but ours; notes at the
 * first start whose data it is.
 *
 * @throws LatchkeyError `redis_unusable`, `redis_foreign`, `redis_newer`
 */
export async function checkRedis(
  connection: RedisConnection,
  { issuer, shared = false }: RedisChecks,
): Promise<void> {
  for (const master of mastersOf(connection.client)) {
    await assertKind(master, connection);
  }
  if (issuer === undefined) return;
  const { client, keyPrefix, location } = connection;
  const key = `${keyPrefix}:format`;
  if (!shared && (await client.get(key)) === null) await assertNothingForeign(connection);
  await client.set(key, JSON.stringify({ encoding: ENCODING_VERSION, issuer }), "NX");
  assertFormat(await client.get(key), { key, issuer, location });
}

function mastersOf(client: Redis | Cluster): readonly Redis[] {
  return client instanceof Cluster ? client.nodes("master") : [client];
}

async function assertKind(master: Redis, { client, location }: RedisConnection): Promise<void> {
  const mode = await findFact(master, "server", "redis_mode");
  if (client instanceof Cluster || (mode !== "cluster" && mode !== "sentinel")) return;
  const form =
    mode === "cluster" ? "redis-cluster://host:port" : "redis-sentinel://host:port/master-name";
  throw new LatchkeyError(
    "redis_unusable",
    `Redis (${location}) is a ${mode}: its URL must look like ${form}.`,
  );
}

/** A used code, or a session that ended, would be forgotten before its time, and nobody would know. */
export async function warnAboutEviction(
  { client, location }: RedisConnection,
  logger: Pick<Logger, "warn">,
): Promise<void> {
  // CONFIG tells it as well, but is often forbidden where Redis is rented.
  const policies = await Promise.all(
    mastersOf(client).map((master) => findFact(master, "memory", "maxmemory_policy")),
  );
  if (policies.every((policy) => policy === "noeviction")) return;
  if (policies.includes(undefined)) {
    logger.warn(
      { redis: location },
      "Redis does not tell its maxmemory-policy: make sure that it is noeviction, since used codes, sessions and grants that are evicted are lost unnoticed",
    );
    return;
  }
  logger.warn(
    { redis: location, policies },
    "Redis would evict used codes, sessions and grants, unnoticed, when its memory is short: set maxmemory-policy to noeviction " +
      '("redis-cli config set maxmemory-policy noeviction", and in redis.conf or with whoever runs it)',
  );
}

/** @returns undefined when Redis does not tell, or tells nobody. */
async function findFact(master: Redis, section: string, name: string): Promise<string | undefined> {
  try {
    return new RegExp(`^${name}:(\\S+)`, "m").exec(await master.info(section))?.[1];
  } catch (err) {
    if (isRedisOutage(err)) throw err;
    return undefined;
  }
}

async function assertNothingForeign({
  client,
  keyPrefix,
  location,
}: RedisConnection): Promise<void> {
  for (const master of mastersOf(client)) {
    const foreign = (await scanSome(master)).find((key) => !key.startsWith(`${keyPrefix}:`));
    if (foreign === undefined) continue;
    throw new LatchkeyError(
      "redis_foreign",
      `Redis (${location}) holds keys of another application, ${describePrefix(foreign)}: give Latchkey ` +
        "a database of its own, or set REDIS_SHARED=true if they are to live side by side.",
    );
  }
}

async function scanSome(master: Redis): Promise<string[]> {
  const keys: string[] = [];
  let cursor = "0";
  do {
    const [next, batch] = await master.scan(cursor, "COUNT", SCAN_BATCH);
    keys.push(...batch);
    cursor = next;
  } while (cursor !== "0" && keys.length < MAX_SCANNED_KEYS);
  return keys;
}

/** Whole keys may be personal or secret. */
function describePrefix(key: string): string {
  const end = key.indexOf(":");
  if (end < 1 || end > MAX_PREFIX_LENGTH) return "without a prefix";
  return `which begin with ${JSON.stringify(key.slice(0, end))}`;
}

interface Expected {
  readonly key: string;
  readonly issuer: string;
  readonly location: string;
}

function assertFormat(text: string | null, { key, issuer, location }: Expected): void {
  const format = parseFormat(text);
  if (format === undefined) {
    throw new LatchkeyError(
      "redis_foreign",
      `Redis (${location}) holds a key ${key} that Latchkey did not write: give Latchkey another REDIS_KEY_PREFIX or database.`,
    );
  }
  if (format.encoding > ENCODING_VERSION) {
    throw new LatchkeyError(
      "redis_newer",
      `Redis (${location}) was written by a newer version of Latchkey (encoding ${format.encoding}, this one knows ${ENCODING_VERSION}): ` +
        "run that version, or give this one another REDIS_KEY_PREFIX.",
    );
  }
  if (format.issuer !== issuer) {
    throw new LatchkeyError(
      "redis_foreign",
      `Redis (${location}) holds the data of ${JSON.stringify(format.issuer)} under this REDIS_KEY_PREFIX, and not of ${JSON.stringify(issuer)}: ` +
        `give each issuer its own, or delete the key ${key} if the issuer was renamed.`,
    );
  }
}

function parseFormat(text: string | null): { encoding: number; issuer: string } | undefined {
  try {
    const format: unknown = JSON.parse(text ?? "");
    return isFormat(format) ? format : undefined;
  } catch {
    return undefined;
  }
}

function isFormat(format: unknown): format is { encoding: number; issuer: string } {
  return (
    typeof format === "object" &&
    format !== null &&
    "encoding" in format &&
    typeof format.encoding === "number" &&
    "issuer" in format &&
    typeof format.issuer === "string"
  );
}
