/**
 * A second process on the same stores, driven over IPC by `stores-child-process.ts`: what one process
 * promises itself is no proof for two.
 */
import type { Clock } from "../../src/lib/clock.js";
import type { ModelName, ModelStore } from "../../src/oidc/model-store.js";
import { claimDataDirectory, loadOrCreateSecretFile } from "../../src/storage/data-directory.js";
import { migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase, type Database } from "../../src/storage/open-database.js";
import { openRedis, type RedisConnection } from "../../src/storage/open-redis.js";
import { createRedisModelStore } from "../../src/storage/redis-model-store.js";
import { createSqlModelStore } from "../../src/storage/sql-model-store.js";
import { createSqlStatusListStore } from "../../src/storage/sql-status-list-store.js";
import { newList } from "./new-status-list.js";

/** A call, and what `race` calls need to know. */
export interface ChildCall {
  readonly command: keyof typeof COMMANDS;
  readonly target: string;
  readonly model?: ModelName;
  readonly id?: string;
  readonly times?: number;
  readonly nowSeconds?: number;
}

export interface ChildAnswer {
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

const databases = new Map<string, Database>();
const redisConnections = new Map<string, RedisConnection>();

const COMMANDS = {
  open: async ({ target }: ChildCall) => void (await modelStore(target, stopped(0))),

  /** How many of `times` concurrent attempts won. */
  consume: async (call: ChildCall) => {
    const { target, model = "AuthorizationCode", id = "", times = 1, nowSeconds = 0 } = call;
    const models = await modelStore(target, stopped(nowSeconds));
    return countTrue(times, (attempt) => models.consume({ model, id, attempt }));
  },
  insertOnce: async ({ target, id = "", times = 1, nowSeconds = 0 }: ChildCall) => {
    const models = await modelStore(target, stopped(nowSeconds));
    return countTrue(times, () => models.insertOnce("ReplayDetection", id, {}, 60));
  },

  /** The counters that `times` concurrent calls got for the API `id`, three each. */
  reserveCounters: async ({ target, id = "", times = 1, nowSeconds = 0 }: ChildCall) => {
    const clock = stopped(nowSeconds);
    const lists = createSqlStatusListStore({ database: await database(target), clock });
    const request = () => ({ api: id, count: 3, next: () => newList(nowSeconds, 64) });
    return Promise.all(Array.from({ length: times }, () => lists.reserve(request())));
  },

  migrate: async ({ target }: ChildCall) => migrateDatabase(await database(target)),
  /** Never answers; says "halfway" when it has changed the schema and not ended its transaction. */
  migrateHalfway: async ({ target }: ChildCall) =>
    migrateDatabase(await database(target), [
      {
        name: "0001-initial-schema",
        async up(knex) {
          await knex.schema.createTable("halfway", (table) => {
            table.text("value");
          });
          process.send?.({ value: "halfway" });
          await new Promise(() => {});
        },
        async down() {},
      },
    ]),

  claim: async ({ target }: ChildCall) => void claimDataDirectory(target),
  secret: async ({ target }: ChildCall) => loadOrCreateSecretFile(target),
};

process.on("message", (call: ChildCall) => {
  COMMANDS[call.command](call).then(
    (value) => answer({ value }),
    (err: Error & { code?: string }) =>
      answer({ error: { code: err.code ?? "", message: err.message } }),
  );
});

function answer(message: ChildAnswer): void {
  process.send?.(message);
}

async function database(url: string): Promise<Database> {
  const open = databases.get(url) ?? (await openDatabase(url));
  databases.set(url, open);
  return open;
}

/** @param target a database URL, or a key prefix and a Redis URL. */
async function modelStore(target: string, clock: Clock): Promise<ModelStore> {
  const [keyPrefix = "", url] = target.split(" ");
  if (url === undefined) return createSqlModelStore({ database: await database(target), clock });
  const redis = redisConnections.get(target) ?? (await openRedis(url, { keyPrefix }));
  redisConnections.set(target, redis);
  return createRedisModelStore({ redis, clock });
}

async function countTrue(
  times: number,
  call: (attempt: string) => Promise<boolean>,
): Promise<number> {
  const attempts = Array.from({ length: times }, (_, index) => call(`${process.pid}-${index}`));
  return (await Promise.all(attempts)).filter(Boolean).length;
}

function stopped(seconds: number): Clock {
  return { nowMs: () => seconds * 1000, nowSeconds: () => seconds };
}
