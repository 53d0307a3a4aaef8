/**
 * What JWT access tokens cost: issuing them, beside the bare library with a key of the same kind, and
 * introspecting them, beside opaque tokens at the same server. In slices by turns; prints medians and
 * their ratios. Every answer is checked, and a wrong one ends the run. Needs PostgreSQL
 * (TEST_POSTGRES_URL, as for the tests) and redis-server unless `--store sqlite`.
 *
 *   npm run bench:tokens -- [--rounds 15] [--slice-ms 300] [--connections 16] [--store redis]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort } from "../test/support/free-port.js";
import { createTestPostgres } from "../test/support/postgres.js";
import { startRedisServer } from "../test/support/redis-servers.js";
import { formatResults } from "./stores/format-results.js";
import { openKeepAliveConnection } from "./stores/keep-alive-connection.js";
import { latchkeyArguments, latchkeyEnvironment, registerAtLatchkey } from "./stores/latchkey.js";
import { createSubject, measure, type Slice, type Subject } from "./stores/measure.js";
import { fieldOf, OPERATIONS, post, type Operation } from "./stores/operations.js";
import { createPopulation, type Population } from "./stores/population.js";
import { JWT_API, OPAQUE_API } from "./stores/registration.js";
import { startServer, type ServerUnderTest } from "./stores/server-under-test.js";

const BASELINE = "the bare library with a Map";
/** Of throughput of JWTs as a share of that of opaque tokens. */
const INTROSPECTION_TARGET = 0.8;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    "warm-up": { type: "string", default: "10" },
    "slice-ms": { type: "string", default: "300" },
    connections: { type: "string", default: "16" },
    store: { type: "string", default: "redis" },
  },
});
const rounds = Number(options.rounds);
const warmUpRounds = Number(options["warm-up"]);
const sliceMs = Number(options["slice-ms"]);

const directory = await mkdtemp(join(tmpdir(), "latchkey-bench-"));
const closers: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
try {
  const ports = [await freePort(), await freePort()] as const;
  const environment = latchkeyEnvironment(ports[0], await createStores());
  const registration = await registerAtLatchkey(environment);
  const bareLibrary = fileURLToPath(new URL("stores/bare-library.js", import.meta.url));
  const servers = [
    await start(BASELINE, {
      port: ports[1],
      args: [bareLibrary, String(ports[1]), JSON.stringify(registration)],
      environment: {},
    }),
    await start(`Latchkey on ${options.store}`, {
      port: ports[0],
      args: latchkeyArguments(),
      environment,
    }),
  ] as const;
  const subjects: Subject[] = [];
  const populations: Population[] = [];
  for (const server of servers) {
    const population = await createPopulation(server.issuer, registration);
    populations.push(population);
    subjects.push(await createSubject(server, population, Number(options.connections)));
  }
  const issuing = OPERATIONS.filter(({ name }) => name === "client credentials, JWT ES256");
  const issued = await measure(subjects, issuing, { rounds, warmUpRounds, sliceMs });
  console.log(formatResults(issued, BASELINE));
  await compareIntrospection(subjects[1]!, populations[1]!);
  for (const { connections } of subjects) for (const each of connections) each.close();
} finally {
  for (const close of closers.toReversed()) await close();
}

/** Of each machine's own token. */
async function compareIntrospection(subject: Subject, population: Population): Promise<void> {
  const ofJwt = await introspectionOf(JWT_API, subject, population);
  const ofOpaque = await introspectionOf(OPAQUE_API, subject, population);
  const slices: Record<"jwt" | "opaque", Slice[]> = { jwt: [], opaque: [] };
  for (let round = -warmUpRounds; round < rounds; round++) {
    const turn = [["jwt", ofJwt] as const, ["opaque", ofOpaque] as const];
    for (const [kind, operation] of round % 2 === 0 ? turn : turn.toReversed()) {
      const [measured] = await measure([subject], [operation], {
        rounds: 1,
        warmUpRounds: 0,
        sliceMs,
      });
      if (round >= 0) slices[kind].push(...(measured?.slices ?? []));
    }
  }
  const perSecond = (kind: "jwt" | "opaque") => median(slices[kind].map((each) => each.perSecond));
  const cpuUs = (kind: "jwt" | "opaque") => median(slices[kind].map((each) => each.cpuUs));
  console.log(
    `introspection of a machine's token: JWT ${perSecond("jwt").toFixed(0)}, opaque ${perSecond("opaque").toFixed(0)} per second: ` +
      `ratio ${(perSecond("jwt") / perSecond("opaque")).toFixed(2)} (target ≥ ${INTROSPECTION_TARGET}); ` +
      `CPU ${cpuUs("jwt").toFixed(0)} and ${cpuUs("opaque").toFixed(0)} µs`,
  );
}

async function introspectionOf(
  resource: string,
  { server, turns }: Subject,
  { machines }: Population,
): Promise<Operation> {
  const { host } = turns;
  const connection = await openKeepAliveConnection(server.port);
  const tokens = new Map<string, string>();
  for (const auth of machines) {
    const form = { grant_type: "client_credentials", resource };
    const answer = await connection.send(post("/token", { host, auth, form }));
    tokens.set(auth, fieldOf(answer, "access_token"));
  }
  connection.close();
  return {
    name: `introspection, ${resource}`,
    target: INTROSPECTION_TARGET,
    async run(open, { nextMachine }) {
      const auth = nextMachine();
      const form = { token: tokens.get(auth) ?? "" };
      const answer = await open.send(post("/token/introspect", { host, auth, form }));
      if (fieldOf(answer, "aud") !== resource) throw new Error(`inactive: ${answer.body}`);
    },
  };
}

async function createStores(): Promise<Record<string, string>> {
  if (options.store === "sqlite") {
    return { DATABASE_URL: `sqlite:${join(directory, "latchkey.sqlite")}` };
  }
  const database = await createTestPostgres();
  closers.push(() => database.drop());
  if (options.store === "postgres") return { DATABASE_URL: database.url };
  const redis = await startRedisServer({ settings: { appendonly: "yes" } });
  closers.push(() => redis.stop());
  return { DATABASE_URL: database.url, REDIS_URL: redis.url };
}

interface Start {
  readonly port: number;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

async function start(name: string, { port, args, environment }: Start): Promise<ServerUnderTest> {
  const server = await startServer({
    name,
    port,
    args,
    environment: { DATA_DIR: join(directory, String(port)), ...environment },
    logFile: join(directory, `${port}.log`),
  });
  closers.push(() => server.stop());
  return server;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
