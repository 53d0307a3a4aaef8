/**
 * Kills and stops the nodes themselves under load: SIGKILL at any moment, crash loops, rolling
 * restarts. What a killed node had answered holds; what it was answering is in doubt.
 *
 *   npm run fault:nodes [-- ROUNDS]
 */
import { setTimeout as delay } from "node:timers/promises";
import { runFaults, type Fault } from "../support/load/run-faults.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startServerNodes, type ServerNode } from "../support/server-nodes.js";

const ROUNDS = Number(process.argv[2] ?? 10);

const postgres = await startOwnPostgres();
const cluster = await startServerNodes({ environment: { DATABASE_URL: postgres.url } });
try {
  const violations = await runFaults(cluster, faultsOf(cluster.nodes), { workers: 8 });
  process.exitCode = violations.length === 0 ? 0 : 1;
} finally {
  await cluster.close();
  await postgres.close();
}

function faultsOf(nodes: readonly ServerNode[]): Fault[] {
  const restart = async (node: ServerNode | undefined, signal: NodeJS.Signals) => {
    await delay(Math.random() * 300);
    await node?.stop(signal);
    await node?.start();
  };
  return [
    {
      name: `one node killed (SIGKILL), ${ROUNDS} times in turn`,
      async run() {
        for (let round = 0; round < ROUNDS; round++) {
          await restart(nodes[round % nodes.length], "SIGKILL");
        }
      },
    },
    {
      name: "one node in a crash loop",
      async run() {
        for (let round = 0; round < ROUNDS; round++) await restart(nodes[0], "SIGKILL");
      },
    },
    {
      name: `all nodes killed at once, ${ROUNDS} times`,
      async run() {
        for (let round = 0; round < ROUNDS; round++) {
          await Promise.all(nodes.map((node) => restart(node, "SIGKILL")));
        }
      },
    },
    {
      name: `rolling restart (SIGTERM), ${ROUNDS} times`,
      async run() {
        for (let round = 0; round < ROUNDS; round++) {
          await restart(nodes[round % nodes.length], "SIGTERM");
        }
      },
    },
  ];
}
