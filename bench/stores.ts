/**
 * What storage costs: Latchkey on its stores beside the bare library with a Map, all up at once, in
 * slices by turns. Prints throughput and CPU for each operation, and their ratios; every answer is
 * checked, and a wrong one ends the run. Needs PostgreSQL (TEST_POSTGRES_URL, as for the tests).
 *
 *   npm run bench:stores -- [--rounds 15] [--slice-ms 300] [--connections 16]
 *     [--servers redis,postgres,sqlite] [--only refresh]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort } from "../test/support/free-port.js";
import { createTestPostgres } from "../test/support/postgres.js";
import { startRedisServer } from "../test/support/redis-servers.js";
import { formatResults } from "./stores/format-results.js";
import { latchkeyArguments, latchkeyEnvironment, registerAtLatchkey } from "./stores/latchkey.js";
import { createSubject, measure, type Subject } from "./stores/measure.js";
import { OPERATIONS } from "./stores/operations.js";
import { createPopulation, type Population } from "./stores/population.js";
import type { Registration } from "./stores/registration.js";
import { startServer, type ServerUnderTest } from "./stores/server-under-test.js";

const BASELINE = "the bare library with a Map";
const SERVERS: Record<string, string> = {
  redis: "Latchkey on PostgreSQL and Redis",
  postgres: "Latchkey on PostgreSQL",
  sqlite: "Latchkey on SQLite",
};

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    "warm-up": { type: "string", default: "10" },
    "slice-ms": { type: "string", default: "300" },
    connections: { type: "string", default: "16" },
    servers: { type: "string", default: "redis" },
    only: { type: "string", default: "" },
  },
});

/** Servers whose stores are processes of their own lose more to others than one that needs no store. */
const [loadBefore = 0] = loadavg();
console.log(
  `Load of this machine before: ${loadBefore.toFixed(1)} on ${availableParallelism()} cores; above 1, only CPU time compares well.\n`,
);

const directory = await mkdtemp(join(tmpdir(), "latchkey-bench-"));
const closers: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];

try {
  const populated: PopulatedServer[] = [];
  let registration: Registration | undefined;
  for (const name of options.servers.split(",")) {
    const port = await freePort();
    const environment = latchkeyEnvironment(port, await createStores(name));
    registration = await registerAtLatchkey(environment);
    populated.push(
      await startPopulated(SERVERS[name] ?? name, registration, {
        port,
        args: latchkeyArguments(),
        environment,
      }),
    );
  }
  if (registration === undefined) throw new Error("no server to measure");
  const port = await freePort();
  const bare = await startPopulated(BASELINE, registration, {
    port,
    args: [
      fileURLToPath(new URL("stores/bare-library.js", import.meta.url)),
      String(port),
      JSON.stringify(registration),
    ],
    environment: {},
  });

  // Only now: servers close connections on which no request comes for a while.
  const subjects: Subject[] = [];
  for (const { server, population } of [bare, ...populated]) {
    subjects.push(await createSubject(server, population, Number(options.connections)));
  }
  const measurements = await measure(
    subjects,
    OPERATIONS.filter(({ name }) => name.includes(options.only)),
    {
      rounds: Number(options.rounds),
      warmUpRounds: Number(options["warm-up"]),
      sliceMs: Number(options["slice-ms"]),
    },
  );
  console.log(formatResults(measurements, BASELINE));
  for (const { server, connections } of subjects) {
    for (const connection of connections) connection.close();
    const { residentBytes } = await server.readUsage();
    console.log(`${server.name}: ${(residentBytes / 1e6).toFixed(0)} MB resident at the end`);
  }
} finally {
  for (const close of closers.toReversed()) await close();
}

async function createStores(name: string): Promise<Record<string, string>> {
  switch (name) {
    case "postgres": {
      const database = await createTestPostgres();
      closers.push(() => database.drop());
      return { DATABASE_URL: database.url };
    }
    case "redis": {
      const database = await createTestPostgres();
      closers.push(() => database.drop());
      // As the compose file starts it.
      const redis = await startRedisServer({ settings: { appendonly: "yes" } });
      closers.push(() => redis.stop());
      return { DATABASE_URL: database.url, REDIS_URL: redis.url };
    }
    case "sqlite":
      return { DATABASE_URL: `sqlite:${join(directory, "latchkey.sqlite")}` };
    default:
      throw new Error(`there is no server "${name}"`);
  }
}

interface Start {
  readonly port: number;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

interface PopulatedServer {
  readonly server: ServerUnderTest;
  readonly population: Population;
}

async function startPopulated(
  name: string,
  registration: Registration,
  { port, args, environment }: Start,
): Promise<PopulatedServer> {
  const server = await startServer({
    name,
    port,
    args,
    environment: { DATA_DIR: join(directory, String(port)), ...environment },
    logFile: join(directory, `${port}.log`),
  });
  closers.push(() => server.stop());
  return { server, population: await createPopulation(server.issuer, registration) };
}
