import { createTestPostgres, findPostgresProblem, HOW_TO_GET_POSTGRES } from "./postgres.js";
import { reportMissing } from "./missing-services.js";
import { requireRedis, startRedisServer } from "./redis-servers.js";

export interface PostgresAndRedis {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

/** A suite over an empty PostgreSQL database and a Redis of its own; left out where one is missing. */
export function describeOnPostgresAndRedis(
  title: string,
  body: (stores: () => PostgresAndRedis) => void,
): void {
  describe(title, () => {
    let stores: PostgresAndRedis | undefined;
    const closers: (() => Promise<void>)[] = [];
    before(async function () {
      this.timeout(180_000);
      requireRedis(this);
      const problem = await findPostgresProblem();
      if (problem !== undefined) {
        if (process.env["CI"] === "true") throw problem;
        reportMissing("PostgreSQL", HOW_TO_GET_POSTGRES);
        this.skip();
      }
      const database = await createTestPostgres();
      closers.push(() => database.drop());
      const redis = await startRedisServer();
      closers.push(() => redis.stop());
      stores = { databaseUrl: database.url, redisUrl: redis.url };
    });
    body(() => {
      if (stores === undefined) throw new Error("the stores were not opened");
      return stores;
    });
    after(async function () {
      this.timeout(120_000);
      for (const close of closers.toReversed()) await close();
    });
  });
}
