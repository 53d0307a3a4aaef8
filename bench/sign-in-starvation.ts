/**
 * What sign-ins cost everybody else: answer times of JWT client-credentials requests while nobody
 * signs in and while eight people do all the time, in alternating slices on one server.
 * Target: the 99th percentile stays within 5 times its idle value.
 *
 *   npm run bench:sign-in
 */
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../test/support/free-port.js";
import { runCli, spawnServer } from "../test/support/server-process.js";
import { PASSWORD } from "../test/support/test-server.js";
import { addressOf } from "../test/support/password-attack.js";
import { createUserAgent, type Page, type UserAgent } from "../test/support/user-agent.js";

const SLICES = 8;
const SLICE_MS = 1500;
const PEOPLE = 8;
const API = "https://api.example";
let nextAddress = 0;

const directory = await mkdtemp(join(tmpdir(), "latchkey-bench-"));
const port = await freePort();
const environment = {
  PORT: String(port),
  DATA_DIR: directory,
  LOG_LEVEL: "error",
  TRUST_PROXY: "true",
};
const issuer = `http://localhost:${port}`;

await runCli(["account", "create", "ada"], environment, PASSWORD);
await runCli(["api", "create", API], environment);
const machine = await createClient(["--type", "machine"]);
const web = await createClient(["--type", "web", "--redirect-uri", "http://localhost:9999/cb"]);
const server = await spawnServer(environment);
const keepAlive = new Agent({ keepAlive: true, maxSockets: 1 });

try {
  const people = await Promise.all(Array.from({ length: PEOPLE }, openLoginPage));
  await slice(SLICE_MS);
  const idleMs: number[] = [];
  const busyMs: number[] = [];
  let signIns = 0;
  for (let i = 0; i < SLICES; i++) {
    idleMs.push(...(await slice(SLICE_MS)));
    const until = performance.now() + SLICE_MS;
    const work = people.map(async ({ agent, page }) => {
      while (performance.now() < until) {
        // Of nobody twice, nor from one network for long: else it would have to wait.
        const identifier = `nobody-${signIns++}`;
        await agent.submit(page, { identifier, password: "not it" }, { action: /\/login$/ });
      }
    });
    busyMs.push(...(await slice(SLICE_MS)));
    await Promise.all(work);
  }
  print("idle", idleMs);
  print(`with ${PEOPLE} people signing in`, busyMs);
  console.log(
    `ratio of the 99th percentiles: ${(quantile(busyMs, 0.99) / quantile(idleMs, 0.99)).toFixed(2)} (target: at most 5)`,
  );
  console.log(`passwords verified: ${Math.round((signIns * 1000) / (SLICES * SLICE_MS))} a second`);
} finally {
  keepAlive.destroy();
  await server.stop("SIGTERM");
  await rm(directory, { recursive: true, force: true });
}

async function createClient(args: string[]): Promise<{ id: string; secret: string }> {
  const { stdout } = await runCli(["--json", "client", "create", ...args], environment);
  const { client_id: id = "", client_secret: secret = "" } = JSON.parse(stdout) as Record<
    string,
    string
  >;
  return { id, secret };
}

async function openLoginPage(): Promise<{ agent: UserAgent; page: Page }> {
  const agent = createUserAgent(issuer, { address: () => addressOf(nextAddress++) });
  const query = new URLSearchParams({
    client_id: web.id,
    response_type: "code",
    scope: "openid",
    redirect_uri: "http://localhost:9999/cb",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  });
  return { agent, page: await agent.open(`${issuer}/auth?${query.toString()}`) };
}

/** One request after the other for `ms`. @returns each one's milliseconds. */
async function slice(ms: number): Promise<number[]> {
  const times: number[] = [];
  const until = performance.now() + ms;
  while (performance.now() < until) {
    const startedAt = performance.now();
    const status = await requestToken();
    if (status !== 200) throw new Error(`the token endpoint answered ${status}`);
    times.push(performance.now() - startedAt);
  }
  return times;
}

function requestToken(): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        agent: keepAlive,
        port,
        host: "localhost",
        path: "/token",
        method: "POST",
        headers: {
          authorization: `Basic ${Buffer.from(`${machine.id}:${machine.secret}`).toString("base64")}`,
          "content-type": "application/x-www-form-urlencoded",
        },
      },
      (incoming) => {
        incoming.resume();
        incoming.once("end", () => resolve(incoming.statusCode ?? 0));
      },
    );
    outgoing.once("error", reject);
    outgoing.end(`grant_type=client_credentials&resource=${encodeURIComponent(API)}`);
  });
}

function print(label: string, times: readonly number[]): void {
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
  console.log(
    `${label}: ${times.length} requests, median ${p50.toFixed(2)} ms, 99th percentile ${p99.toFixed(2)} ms`,
  );
}

function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * q)] ?? 0;
}
