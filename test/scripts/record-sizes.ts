/**
 * What a sign-in costs in the stores: bytes by kind of record, from real flows.
 *
 *   npm run bench:sizes [-- SIGN_INS]
 */
import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { createTestPostgres } from "../support/postgres.js";
import { startRedisServer } from "../support/redis-servers.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createMachineClient, createTestClient } from "../support/test-client.js";
import { startTestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { createUserAgent } from "../support/user-agent.js";

const SIGN_INS = Number(process.argv[2] ?? 20);

const database = await createTestPostgres();
const redisServer = await startRedisServer();
const keyPrefix = `sizes-${randomBytes(4).toString("hex")}`;
const environments = {
  "PostgreSQL and Redis": {
    DATABASE_URL: database.url,
    REDIS_URL: redisServer.url,
    REDIS_KEY_PREFIX: keyPrefix,
  },
  "PostgreSQL alone": { DATABASE_URL: database.url },
};

try {
  for (const [name, environment] of Object.entries(environments)) {
    const server = await startTestServer({ environment });
    try {
      const client = await createTestClient(server);
      const machine = await createMachineClient(server);
      const rp = await connect(server, client);
      for (let count = 0; count < SIGN_INS; count++) {
        await signInWith(server, rp);
        await postForm(
          `${server.issuer}/token`,
          { grant_type: "client_credentials" },
          { client: machine },
        );
        // A page that nobody goes on from.
        await createUserAgent(server.issuer).open((await rp.begin()).url);
      }
      console.log(`\n${name}, ${SIGN_INS} sign-ins: bytes of one`);
      if ("REDIS_URL" in environment) await printRedis(environment.REDIS_URL);
      else await printSql();

      async function printSql(): Promise<void> {
        const { knex } = server.database;
        const { rows } = await knex.raw<{ rows: { model: string; bytes: string }[] }>(
          "select model, round(avg(pg_column_size(model.*))) as bytes from model group by model",
        );
        const total = await knex.raw<{ rows: { bytes: string; count: string }[] }>(
          "select pg_total_relation_size('model') as bytes, (select count(*) from model) as count",
        );
        print(rows.map(({ model, bytes }) => [model, Number(bytes)]));
        for (const { bytes, count } of total.rows) {
          const perRow = Math.round(Number(bytes) / Number(count));
          console.log(`with all indexes, averaged over the table: ${perRow}`);
        }
      }
    } finally {
      await server.close();
    }
    // The same accounts and clients would be there again.
    await resetDatabase();
  }
} finally {
  await redisServer.stop();
  await database.drop();
}

async function resetDatabase(): Promise<void> {
  const { Client } = await import("pg");
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query("drop schema public cascade; create schema public");
  await client.end();
}

async function printRedis(url: string): Promise<void> {
  const client = new Redis(url);
  const sums = new Map<string, { bytes: number; count: number }>();
  for (const key of await client.keys(`${keyPrefix}:{*`)) {
    const kind = key.split(":")[2] ?? "";
    const sum = sums.get(kind) ?? { bytes: 0, count: 0 };
    sum.bytes += Number(await client.memory("USAGE", key));
    sum.count++;
    sums.set(kind, sum);
  }
  client.disconnect();
  print([...sums].map(([kind, { bytes, count }]) => [kind, Math.round(bytes / count)]));
}

function print(rows: [string, number][]): void {
  for (const [kind, bytes] of rows.toSorted(([a], [b]) => a.localeCompare(b))) {
    console.log(`${kind.padEnd(20)} ${String(bytes).padStart(6)}`);
  }
}
