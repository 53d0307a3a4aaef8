import { randomBytes } from "node:crypto";
import { Client } from "pg";

/** A server on which this user may create databases. */
const SERVER_URL =
  process.env["TEST_POSTGRES_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres";

export const HOW_TO_GET_POSTGRES =
  "start PostgreSQL on 127.0.0.1:5432 with trust authentication, or set TEST_POSTGRES_URL to a server on which databases may be created";

export interface TestPostgres {
  readonly url: string;
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

/** @returns why the server can't be used, or undefined when it can. */
export async function findPostgresProblem(): Promise<unknown> {
  try {
    await runOnServer("select 1");
    return undefined;
  } catch (err) {
    return err;
  }
}

/** An empty database of its own, so that runs side by side never meet. */
export async function createTestPostgres(): Promise<TestPostgres> {
  const name = `latchkey_test_${process.pid}_${randomBytes(6).toString("hex")}`;
  await runOnServer(`create database ${name}`);
  const url = new URL(SERVER_URL);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async drop() {
      await runOnServer(`drop database if exists ${name} with (force)`);
    },
  };
}

async function runOnServer(sql: string): Promise<void> {
  const client = new Client({ connectionString: SERVER_URL, connectionTimeoutMillis: 3000 });
  // A connection that the server ends is reported here too; the query under way says it as well.
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
