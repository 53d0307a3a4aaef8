/**
 * Breaks the PostgreSQL of two nodes in every way that a server can break, under load: restarts,
 * crashes, connections ended, its tables locked, read-only. One line for each fault.
 *
 *   npm run fault:postgres [-- PATTERN [TIMES]]
 */
import { postgresFaults } from "../support/faults/postgres-faults.js";
import { chooseFaults, runFaults } from "../support/faults/run-faults.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startServerNodes } from "../support/server-nodes.js";

/** Locks last longer than a statement may wait, so that connections are taken and given up. */
const TIMES = { shortMs: 5_000, longMs: 8_000 };

const postgres = await startOwnPostgres();
const nodes = await startServerNodes({ environment: { DATABASE_URL: postgres.url } });
try {
  const faults = chooseFaults(postgresFaults(postgres, TIMES), process.argv.slice(2));
  const violations = await runFaults(nodes, faults);
  process.exitCode = violations.length === 0 ? 0 : 1;
} finally {
  await nodes.close();
  await postgres.close();
}
