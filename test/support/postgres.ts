import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { startOwnPostgres } from "./own-postgres.js";

const USUAL_URL = "postgres://postgres@127.0.0.1:5432/postgres";

export const HOW_TO_GET_POSTGRES =
  "install PostgreSQL, or set TEST_POSTGRES_URL to a server on which databases may be created";

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
  const url = new URL(await findServerUrl());
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async drop() {
      await runOnServer(`drop database if exists ${name} with (force)`);
    },
  };
}

let serverUrl: Promise<string> | undefined;

/**
 * A server on which this user may create databases: the one that is named, else the one that runs
 * here, else one of our own for as long as this process runs.
 */
function findServerUrl(): Promise<string> {
  serverUrl ??= (async () => {
    const named = process.env["TEST_POSTGRES_URL"];
    if (named !== undefined) return named;
    try {
      await runOn(USUAL_URL, "select 1");
      return USUAL_URL;
    } catch {
      return (await startOwnPostgres()).url;
    }
  })();
  return serverUrl;
}

async function runOnServer(sql: string): Promise<void> {
  await runOn(await findServerUrl(), sql);
}

async function runOn(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  // A connection that the server ends is reported here too; the query under way says it as well.
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
