/**
 * Kills and stops the nodes themselves under load: SIGKILL at any moment, crash loops, rolling
 * restarts. What a killed node had answered holds; what it was answering is in doubt.
 *
 *   npm run fault:nodes [-- ROUNDS]
 */
import { nodeFaults } from "../support/faults/node-faults.js";
import { runFaults } from "../support/faults/run-faults.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startServerNodes } from "../support/server-nodes.js";

const ROUNDS = Number(process.argv[2] ?? 10);

const postgres = await startOwnPostgres();
const cluster = await startServerNodes({ environment: { DATABASE_URL: postgres.url } });
try {
  const violations = await runFaults(cluster, nodeFaults(cluster.nodes, ROUNDS), { workers: 8 });
  process.exitCode = violations.length === 0 ? 0 : 1;
} finally {
  await cluster.close();
  await postgres.close();
}
