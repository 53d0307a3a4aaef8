/**
 * Sends SIGTERM to a server under load, several times over. Every request that the server took must
 * be answered: its log has one line for each, and as many answers must have arrived. A connection
 * that is refused, or reset while it waits in the queue of the operating system, was not taken.
 *
 *   npm run fault:drain [-- ROUNDS]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../support/free-port.js";
import { runCli, spawnServer } from "../support/server-process.js";

const ROUNDS = Number(process.argv[2] ?? 5);
const CONNECTIONS = 32;

const directory = await mkdtemp(join(tmpdir(), "latchkey-drain-"));
const port = await freePort();
const environment = { PORT: String(port), DATA_DIR: directory, LOG_LEVEL: "info" };
let failures = 0;

try {
  const created = await runCli(["--json", "client", "create", "--type", "machine"], environment);
  const { client_id: id, client_secret: secret } = JSON.parse(created.stdout) as Record<
    string,
    string
  >;
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;

  for (let round = 1; round <= ROUNDS; round++) {
    const server = await spawnServer(environment);
    const counts = { answered: 0, notTaken: 0, failed: 0 };
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    let stopping = false;
    const load = Array.from({ length: CONNECTIONS }, async () => {
      while (!stopping) {
        const outcome = await post(agent, authorization);
        counts[outcome]++;
        if (outcome === "notTaken") return;
      }
    });
    await delay(1000);
    const stoppedAt = performance.now();
    const code = await server.stop("SIGTERM");
    const drainMs = Math.round(performance.now() - stoppedAt);
    stopping = true;
    await Promise.all(load);
    agent.destroy();
    const taken = server.output().split('"path":"/token"').length - 1;
    failures += counts.failed + Math.abs(taken - counts.answered) + (code === 0 ? 0 : 1);
    console.log(
      `round ${round}: exit ${code} after ${drainMs} ms, ${taken} requests taken`,
      JSON.stringify(counts),
    );
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(failures === 0 ? "no request that was taken failed" : `${failures} FAILURES`);
process.exitCode = failures === 0 ? 0 : 1;

type Outcome = "answered" | "notTaken" | "failed";

function post(agent: Agent, authorization: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const outgoing = request(
      {
        agent,
        port,
        host: "localhost",
        path: "/token",
        method: "POST",
        headers: { authorization, "content-type": "application/x-www-form-urlencoded" },
      },
      (incoming) => {
        incoming.resume();
        incoming.once("end", () => resolve(incoming.statusCode === 200 ? "answered" : "failed"));
        incoming.once("error", () => resolve("failed"));
      },
    );
    // Before an answer began; one that broke off is caught above.
    outgoing.once("error", () => resolve("notTaken"));
    outgoing.end("grant_type=client_credentials");
  });
}
