import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { OwnPostgres } from "../own-postgres.js";
import type { Fault, FaultTimes } from "./fault.js";

const REASON = "database_unavailable";
/** Several times what a pool has. */
const FLOOD = 40;

export function postgresFaults(
  { start, stop, query, url }: OwnPostgres,
  { shortMs, longMs }: FaultTimes,
): Fault[] {
  const restart = async (signal: "SIGINT" | "SIGQUIT" | "SIGKILL", stoppedMs = 0) => {
    await stop(signal);
    await delay(stoppedMs);
    await start();
  };
  return [
    { name: "PostgreSQL restarted in good order", run: () => restart("SIGINT") },
    { name: "PostgreSQL crashed (SIGQUIT)", run: () => restart("SIGQUIT") },
    { name: "PostgreSQL killed (SIGKILL)", run: () => restart("SIGKILL") },
    {
      name: `PostgreSQL stopped for ${shortMs} ms`,
      reason: REASON,
      run: () => restart("SIGINT", shortMs),
    },
    {
      name: "pg_terminate_backend of all, five times",
      async run() {
        for (let turn = 0; turn < 5; turn++) {
          await query(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'latchkey%'",
          );
          await delay(100);
        }
      },
    },
    {
      name: `table model locked for ${longMs} ms, pools exhausted`,
      reason: REASON,
      async run(load) {
        const release = await lock(url, "model");
        await Promise.all([load.flood(FLOOD), delay(longMs).then(release)]);
      },
    },
    {
      name: `table client locked for ${longMs} ms`,
      async run() {
        const release = await lock(url, "client");
        await delay(longMs);
        await release();
      },
    },
    {
      name: `PostgreSQL read-only for ${shortMs} ms`,
      async run() {
        const set = async (value: "on" | "off") => {
          await query(`alter system set default_transaction_read_only = ${value}`);
          await query("select pg_reload_conf()");
        };
        await set("on");
        await delay(shortMs);
        await set("off");
      },
    },
  ];
}

/**
 * Every request that needs the table waits, and takes a connection of the pool while it does.
 * @returns what ends it.
 */
async function lock(url: string, table: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`begin; lock table ${table} in access exclusive mode`);
  return () => client.end();
}
