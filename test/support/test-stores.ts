import { randomBytes } from "node:crypto";
import { createTestPostgres } from "./postgres.js";

export interface TestStoreSettings {
  readonly environment: Record<string, string>;
  drop(): Promise<void>;
}

/**
 * What a test server keeps its data in: SQLite, or with TEST_STORES=redis an empty PostgreSQL
 * database and a key prefix of its own in Redis, so that `npm run test:redis` holds every flow
 * against them.
 */
export async function createTestStores(): Promise<TestStoreSettings | undefined> {
  if (process.env["TEST_STORES"] !== "redis") return undefined;
  const database = await createTestPostgres();
  return {
    environment: {
      DATABASE_URL: database.url,
      REDIS_URL: process.env["TEST_REDIS_URL"] ?? "redis://127.0.0.1:6379/0",
      REDIS_KEY_PREFIX: `test-${randomBytes(6).toString("hex")}`,
      REDIS_SHARED: "true",
    },
    drop: () => database.drop(),
  };
}
