import { randomBytes } from "node:crypto";
import type { ModelName, ModelStore } from "../../src/oidc/model-store.js";
import { migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase } from "../../src/storage/open-database.js";
import { openRedis } from "../../src/storage/open-redis.js";
import { createRedisModelStore } from "../../src/storage/redis-model-store.js";
import { createSqlModelStore } from "../../src/storage/sql-model-store.js";
import { createMemoryModelStore } from "./memory-model-store.js";
import { reportMissing } from "./missing-services.js";
import { advanceRedis } from "./redis-time.js";
import { REDIS_BACKENDS, type RedisBackend } from "./redis-backends.js";
import { BACKENDS, createMovableClock, type Backend } from "./stores.js";

/** An empty `ModelStore`, and what tests need to know of it. */
export interface TestModelStore {
  readonly models: ModelStore;
  readonly nowSeconds: () => number;
  advance(seconds: number): Promise<void>;
  /** Puts something else in the place of a record's JSON. */
  damage(model: ModelName, id: string, json: string): Promise<void>;
  /** Where other processes find the same store; undefined: they can't. */
  readonly target: string | undefined;
  close(): Promise<void>;
}

interface ModelBackend {
  readonly name: string;
  readonly howToGetIt: string;
  findProblem(): Promise<unknown>;
  open(): Promise<TestModelStore>;
}

/** The same tests over every store that there is. Like `describeOnEachBackend`. */
export function describeOnEachModelStore(
  title: string,
  body: (store: () => TestModelStore) => void,
): void {
  for (const backend of MODEL_BACKENDS) {
    describe(`${title} on ${backend.name}`, () => {
      let store: TestModelStore | undefined;
      before(async function () {
        this.timeout(180_000);
        const problem = await backend.findProblem();
        if (problem === undefined) {
          store = await backend.open();
          return;
        }
        if (process.env["CI"] === "true") throw problem;
        reportMissing(backend.name, backend.howToGetIt);
        this.skip();
      });
      body(() => {
        if (store === undefined) throw new Error(`${backend.name} was not opened`);
        return store;
      });
      after(async function () {
        this.timeout(120_000);
        await store?.close();
      });
    });
  }
}

const MODEL_BACKENDS: readonly ModelBackend[] = [
  { name: "memory", howToGetIt: "npm ci", findProblem: async () => undefined, open: openMemory },
  ...BACKENDS.map((backend) => ({ ...backend, open: () => openSql(backend) })),
  ...REDIS_BACKENDS.map((backend) => ({ ...backend, open: () => openOnRedis(backend) })),
];

async function openMemory(): Promise<TestModelStore> {
  const clock = createMovableClock();
  const { damage, ...models } = createMemoryModelStore({ clock });
  return {
    models,
    nowSeconds: () => clock.nowSeconds(),
    advance: async (seconds) => clock.advance(seconds),
    damage: async (model, id, json) => damage(model, id, json),
    target: undefined,
    close: async () => {},
  };
}

async function openSql(backend: Backend): Promise<TestModelStore> {
  const { url, drop } = await backend.createDatabase();
  const database = await openDatabase(url);
  await migrateDatabase(database);
  const clock = createMovableClock();
  return {
    models: createSqlModelStore({ database, clock }),
    nowSeconds: () => clock.nowSeconds(),
    advance: async (seconds) => clock.advance(seconds),
    async damage(model, id, json) {
      await database.knex("model").where({ model, id }).update({ payload: json });
    },
    target: url,
    async close() {
      await database.close();
      await drop();
    },
  };
}

async function openOnRedis(backend: RedisBackend): Promise<TestModelStore> {
  const { url, stop } = await backend.start();
  const keyPrefix = `test-${randomBytes(6).toString("hex")}`;
  const redis = await openRedis(url, { keyPrefix });
  const clock = createMovableClock();
  return {
    models: createRedisModelStore({ redis, clock }),
    nowSeconds: () => clock.nowSeconds(),
    async advance(seconds) {
      clock.advance(seconds);
      await advanceRedis(redis.client, keyPrefix, seconds);
    },
    async damage(model, id, json) {
      const key = `${keyPrefix}:{${id.slice(0, 3)}}:${model}:${id}`;
      const value = (await redis.client.get(key)) ?? "";
      await redis.client.set(key, value.slice(0, value.indexOf("\n") + 1) + json, "KEEPTTL");
    },
    target: `${keyPrefix} ${url}`,
    async close() {
      await redis.close();
      await stop();
    },
  };
}
