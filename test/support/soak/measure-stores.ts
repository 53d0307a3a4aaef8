import { Client } from "pg";
import type { RedisServer } from "../redis-servers.js";
import type { NodeMemory } from "./soak-node.js";
import type { SoakNode } from "./start-soak-node.js";

export interface SoakMeasure extends NodeMemory {
  readonly redisKeys: number;
  readonly redisBytes: number;
  readonly sqlRows: number;
}

export interface SoakParts {
  readonly node: SoakNode;
  readonly databaseUrl: string;
  /** Undefined: PostgreSQL carries all models. */
  readonly redis: RedisServer | undefined;
}

export async function measure({ node, databaseUrl, redis }: SoakParts): Promise<SoakMeasure> {
  return {
    ...(await node.measureMemory()),
    sqlRows: await countRows(databaseUrl),
    redisKeys: Number((await redis?.execute("DBSIZE")) ?? 0),
    redisBytes: redis === undefined ? 0 : await usedBytes(redis),
  };
}

async function usedBytes(redis: RedisServer): Promise<number> {
  const info = String(await redis.execute("INFO", "memory"));
  return Number(/used_memory:(\d+)/.exec(info)?.[1]);
}

/** Of all tables together. */
async function countRows(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
    );
    let sum = 0;
    for (const { name } of tables) {
      const { rows } = await client.query<{ count: string }>(`select count(*) from ${name}`);
      sum += Number(rows[0]?.count);
    }
    return sum;
  } finally {
    await client.end();
  }
}
