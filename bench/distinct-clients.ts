/**
 * Whether many clients cost more than one: token requests of 2,000 distinct clients beside those of
 * a single one, at the same server, in slices by turns. Target: 5 % more at most. Needs PostgreSQL
 * (TEST_POSTGRES_URL, as for the tests).
 *
 *   npm run bench:clients -- [--clients 2000] [--rounds 40] [--slice-ms 300] [--database postgres]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../test/support/free-port.js";
import { createTestPostgres } from "../test/support/postgres.js";
import {
  administerLatchkey,
  createApi,
  createClients,
  latchkeyArguments,
  latchkeyEnvironment,
} from "./stores/latchkey.js";
import { createSubject, measure, type Slice } from "./stores/measure.js";
import { OPERATIONS } from "./stores/operations.js";
import { basicOf } from "./stores/population.js";
import { JWT_API, MACHINE_METADATA } from "./stores/registration.js";
import { startServer } from "./stores/server-under-test.js";

const { values: options } = parseArgs({
  options: {
    clients: { type: "string", default: "2000" },
    rounds: { type: "string", default: "40" },
    "warm-up": { type: "string", default: "10" },
    "slice-ms": { type: "string", default: "300" },
    connections: { type: "string", default: "16" },
    database: { type: "string", default: "postgres" },
  },
});

const directory = await mkdtemp(join(tmpdir(), "latchkey-bench-"));
const closers: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];

try {
  const port = await freePort();
  const environment = {
    ...latchkeyEnvironment(port, { DATABASE_URL: await createDatabase(options.database) }),
    DATA_DIR: directory,
  };
  const machines = await administerLatchkey(environment, async (app) => {
    await createApi(app, JWT_API, "jwt");
    return createClients(app, Number(options.clients), MACHINE_METADATA);
  });
  const server = await startServer({
    name: "Latchkey",
    port,
    args: latchkeyArguments(),
    environment,
    logFile: join(directory, "server.log"),
  });
  closers.push(() => server.stop());

  const people = { api: "", sessions: [] };
  const subjects = await Promise.all(
    [machines.slice(0, 1), machines].map((clients) =>
      createSubject(
        { ...server, name: `${clients.length}` },
        { ...people, machines: clients.map(basicOf) },
        Number(options.connections),
      ),
    ),
  );
  closers.push(async () =>
    subjects.forEach(({ connections }) => connections.forEach((each) => each.close())),
  );
  // The one in which the client is the larger part: it stores nothing.
  const operations = OPERATIONS.filter(({ name }) => name === "client credentials, JWT ES256");
  const [one, many] = await measure(subjects, operations, {
    rounds: Number(options.rounds),
    warmUpRounds: Number(options["warm-up"]),
    sliceMs: Number(options["slice-ms"]),
  });
  if (one === undefined || many === undefined) throw new Error("nothing was measured");
  for (const { server: count, slices } of [one, many]) {
    console.log(
      `${count} clients: ${median(slices.map(({ perSecond }) => perSecond)).toFixed(0)} a second, ${median(slices.map(({ cpuUs }) => cpuUs)).toFixed(0)} µs of CPU each`,
    );
  }
  console.log(`time for each: ${ratio(one.slices, many.slices, ({ perSecond }) => 1 / perSecond)}`);
  console.log(`CPU for each: ${ratio(one.slices, many.slices, ({ cpuUs }) => cpuUs)}`);
  const { residentBytes } = await server.readUsage();
  console.log(`${(residentBytes / 1e6).toFixed(0)} MB resident at the end`);
} finally {
  for (const close of closers.toReversed()) await close();
}

async function createDatabase(name: string): Promise<string> {
  if (name === "sqlite") return `sqlite:${join(directory, "latchkey.sqlite")}`;
  const database = await createTestPostgres();
  closers.push(() => database.drop());
  return database.url;
}

function ratio(
  one: readonly Slice[],
  many: readonly Slice[],
  of: (slice: Slice) => number,
): string {
  const paired = many.map((slice, i) => of(slice) / of(one[i] ?? slice));
  const ofMedians = median(many.map(of)) / median(one.map(of));
  return `${ofMedians.toFixed(3)} times (ratio of medians), ${median(paired).toFixed(3)} (median of neighbours' ratios, middle half ${quantile(paired, 0.25).toFixed(2)} to ${quantile(paired, 0.75).toFixed(2)})`;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * q)] ?? Number.NaN;
}
