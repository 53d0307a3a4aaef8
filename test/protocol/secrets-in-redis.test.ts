import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { Redis } from "ioredis";
import { collectSecrets, spellingsOf } from "../support/collect-secrets.js";
import { describeOnPostgresAndRedis } from "../support/postgres-and-redis.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

/** TK-09: whoever reads Redis or PostgreSQL holds nothing that opens anything. */
describeOnPostgresAndRedis("secrets in PostgreSQL and Redis", (stores) => {
  let server: TestServer;
  let secrets: ReadonlyMap<string, string>;
  let stored: Readonly<Record<"postgres" | "redis", string>>;

  before(async function () {
    this.timeout(180_000);
    server = await startTestServer({
      environment: {
        DATABASE_URL: stores().databaseUrl,
        REDIS_URL: stores().redisUrl,
        REDIS_KEY_PREFIX: `test-${randomBytes(6).toString("hex")}`,
      },
    });
    secrets = await collectSecrets(server);
    stored = { postgres: await readTables(), redis: await readRedis() };
  });
  after(() => server?.close());

  it("are searched for where everything is, so that the search can be trusted", () => {
    expect(secrets.size).to.be.above(20);
    expect(stored.postgres).to.include("ada@example.com").and.include("secret_hash");
    for (const model of ["Session", "Grant", "AccessToken", "RefreshToken", "DeviceCode"]) {
      expect(stored.redis).to.include(`:${model}:`);
    }
    expect(stored.redis).to.include("acct_");
  });

  it("are not there in any spelling", () => {
    for (const [name, secret] of secrets) {
      for (const [spelling, text] of spellingsOf(secret)) {
        for (const [store, content] of Object.entries(stored)) {
          expect(content.includes(text), `${name} (${spelling}) in ${store}`).to.equal(false);
        }
      }
    }
  });

  it("leave registration tokens to PostgreSQL, and sessions to Redis", () => {
    expect(stored.redis).not.to.include("AccessToken:{").and.not.to.include("RegistrationAccess");
    expect(stored.postgres).to.include("RegistrationAccessToken").and.include("InitialAccessToken");
    expect(stored.postgres).not.to.include('"Session"');
  });

  async function readTables(): Promise<string> {
    const { knex } = server.database;
    const tables: string[] = await knex("information_schema.tables")
      .where({ table_schema: "public" })
      .pluck("table_name");
    const contents = await Promise.all(tables.map((table) => knex.select().from(table)));
    return JSON.stringify(contents);
  }

  async function readRedis(): Promise<string> {
    const client = new Redis(stores().redisUrl);
    try {
      const keys = await client.keys("*");
      const values = await Promise.all(
        keys.map(async (key) => {
          const type = await client.type(key);
          if (type === "zset") return client.zrange(key, "0", "-1");
          return type === "hash" ? client.hgetall(key) : client.get(key);
        }),
      );
      return JSON.stringify([keys, values]);
    } finally {
      client.disconnect();
    }
  }
});
