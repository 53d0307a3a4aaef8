/**
 * Breaks the PostgreSQL of two nodes in every way that a server can break, under load: restarts,
 * crashes, connections ended, its tables locked, read-only. One line for each fault.
 *
 *   npm run fault:postgres
 */
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { runFaults, type Fault } from "../support/load/run-faults.js";
import { startOwnPostgres, type OwnPostgres } from "../support/own-postgres.js";
import { startServerNodes } from "../support/server-nodes.js";

const STOPPED_MS = 5_000;
/** Longer than a statement may wait, so that every pooled connection is taken and given up. */
const LOCKED_MS = 8_000;

/** Several times what a pool has. */
const FLOOD = 40;

const postgres = await startOwnPostgres();
const nodes = await startServerNodes({ environment: { DATABASE_URL: postgres.url } });
try {
  const violations = await runFaults(nodes, faultsOf(postgres));
  process.exitCode = violations.length === 0 ? 0 : 1;
} finally {
  await nodes.close();
  await postgres.close();
}

function faultsOf({ start, stop, query, url }: OwnPostgres): Fault[] {
  const restart = async (signal: "SIGINT" | "SIGQUIT" | "SIGKILL", stoppedMs = 0) => {
    await stop(signal);
    await delay(stoppedMs);
    await start();
  };
  return [
    { name: "nothing", run: () => delay(3_000) },
    { name: "PostgreSQL restarted in good order", run: () => restart("SIGINT") },
    { name: "PostgreSQL crashed (SIGQUIT)", run: () => restart("SIGQUIT") },
    { name: "PostgreSQL killed (SIGKILL)", run: () => restart("SIGKILL") },
    {
      name: `PostgreSQL stopped for ${STOPPED_MS} ms`,
      reason: "database_unavailable",
      run: () => restart("SIGINT", STOPPED_MS),
    },
    {
      name: "pg_terminate_backend of all, ten times",
      async run() {
        for (let turn = 0; turn < 10; turn++) {
          await query(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'latchkey'",
          );
          await delay(200);
        }
      },
    },
    {
      name: `table model locked for ${LOCKED_MS} ms, pools exhausted`,
      reason: "database_unavailable",
      run: (load) => Promise.all([lock(url, "model"), load.flood(FLOOD)]),
    },
    {
      name: `table client locked for ${LOCKED_MS} ms, pools exhausted`,
      reason: "database_unavailable",
      run: (load) => Promise.all([lock(url, "client"), load.flood(FLOOD)]),
    },
    {
      name: "read-only (default_transaction_read_only)",
      async run() {
        const set = async (value: "on" | "off") => {
          await query(`alter system set default_transaction_read_only = ${value}`);
          await query("select pg_reload_conf()");
        };
        await set("on");
        await delay(STOPPED_MS);
        await set("off");
      },
    },
  ];
}

/** Every request that needs the table waits, and takes a connection of the pool while it does. */
async function lock(url: string, table: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`begin; lock table ${table} in access exclusive mode`);
  await delay(LOCKED_MS);
  await client.query("rollback");
  await client.end();
}
