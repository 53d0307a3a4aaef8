import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, rmSync } from "node:fs";
import { appendFile, chmod, chown, copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import { freePort } from "./free-port.js";
import { reportMissing } from "./missing-services.js";

const run = promisify(execFile);

const HOW_TO_GET_IT =
  "install Debian's package postgresql, whose programs the tests start by themselves";

const START_TIMEOUT_MS = 30_000;

/** A PostgreSQL server of the test's own, which may be stopped, killed and broken. */
export interface OwnPostgres {
  /** Its only database, empty at first. */
  readonly url: string;
  /** Resolves when it accepts connections. */
  start(): Promise<void>;
  /** SIGINT ends its connections and stops in good order, SIGQUIT at once, SIGKILL without a word. */
  stop(signal: "SIGINT" | "SIGQUIT" | "SIGKILL"): Promise<void>;
  /** As the superuser, on a connection of its own. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Stops it and deletes what it kept. */
  close(): Promise<void>;
}

export interface OwnPostgresOptions {
  /** PEM files; connections without TLS are refused then. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/**
 * For `before` of a suite: leaves it out when PostgreSQL's programs are not there, and says so at the
 * end of the run. @throws in CI, where a missing PostgreSQL is a failure.
 */
export function requireOwnPostgres(context: Mocha.Context): void {
  if (findProgram("initdb") !== undefined) return;
  if (process.env["CI"] === "true") throw missingProgram("initdb");
  reportMissing("PostgreSQL of the tests' own", HOW_TO_GET_IT);
  context.skip();
}

/** Started, on a free port of 127.0.0.1, trusting everybody there. */
export async function startOwnPostgres({ tls }: OwnPostgresOptions = {}): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-postgres-"));
  const user = await findServerUser();
  const port = await freePort();
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const dataFolder = join(folder, "data");
  await run(
    requireProgram("initdb"),
    ["-D", dataFolder, "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions"],
    { ...user, env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8" } },
  );
  await writeSettings(dataFolder, port);
  if (tls !== undefined) await writeTls({ dataFolder, user }, tls);

  const url = `postgres://postgres@localhost:${port}/postgres`;
  const adminUrl = tls === undefined ? url : `${url}?sslmode=no-verify`;
  let child: ChildProcess | undefined;
  const self: OwnPostgres = {
    url,
    async start() {
      child = await startServer({ dataFolder, user, isUp: () => queryOnce(adminUrl, "select 1") });
    },
    async stop(signal) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
    },
    query: (sql) => queryOnce(adminUrl, sql),
    async close() {
      await self.stop("SIGQUIT");
      await rm(folder, { recursive: true, force: true });
    },
  };
  await self.start();
  return self;
}

interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: its own user then; undefined: whoever runs the tests. */
async function findServerUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string) => Number((await run("id", [flag, "postgres"])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

async function writeSettings(dataFolder: string, port: number): Promise<void> {
  const settings = [
    "listen_addresses = '127.0.0.1'",
    `port = ${port}`,
    "unix_socket_directories = ''",
    // The power stays on; what was written survives the end of any process.
    "fsync = off",
    "shared_buffers = 32MB",
    "max_connections = 200",
  ];
  await appendFile(join(dataFolder, "postgresql.conf"), settings.join("\n") + "\n");
}

async function writeTls(
  { dataFolder, user }: { dataFolder: string; user: ServerUser | undefined },
  tls: NonNullable<OwnPostgresOptions["tls"]>,
): Promise<void> {
  await copyFile(tls.cert, join(dataFolder, "server.crt"));
  const keyFile = join(dataFolder, "server.key");
  await copyFile(tls.key, keyFile);
  await chmod(keyFile, 0o600);
  if (user !== undefined) await chown(keyFile, user.uid, user.gid);
  await appendFile(join(dataFolder, "postgresql.conf"), "ssl = on\n");
  await writeFile(join(dataFolder, "pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n");
}

interface StartDeps {
  readonly dataFolder: string;
  readonly user: ServerUser | undefined;
  readonly isUp: () => Promise<unknown>;
}

/** After SIGKILL the first tries may fail: orphans hold its memory until they notice. */
async function startServer({ dataFolder, user, isUp }: StartDeps): Promise<ChildProcess> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  let output = "";
  while (performance.now() < deadline) {
    const child = spawnBoundToUs(dataFolder, user);
    child.stderr?.on("data", (chunk: Buffer) => (output = (output + chunk).slice(-4000)));
    while (child.exitCode === null && performance.now() < deadline) {
      const problem = await isUp().then(
        () => undefined,
        (err: unknown) => err,
      );
      if (problem === undefined) return child;
      await delay(25);
    }
    child.kill("SIGQUIT");
    await delay(100);
  }
  throw new Error(`PostgreSQL does not start: ${output}`);
}

/** Ends with this process, however this one ends: the kernel sees to it where there is `setpriv`. */
function spawnBoundToUs(dataFolder: string, user: ServerUser | undefined): ChildProcess {
  const command = [requireProgram("postgres"), "-D", dataFolder];
  const [program = "", ...args] = hasSetpriv
    ? ["setpriv", "--pdeathsig", "QUIT", ...command]
    : command;
  const child = spawn(program, args, {
    ...user,
    cwd: dataFolder,
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "ignore", "pipe"],
  });
  running.set(child, dirname(dataFolder));
  child.once("exit", () => running.delete(child));
  return child;
}

/** With the folder of each. */
const running = new Map<ChildProcess, string>();
process.once("exit", () => {
  for (const [child, folder] of running) {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

const hasSetpriv = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0;

async function queryOnce(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  // A connection that the server ends is reported here too; the query under way says it as well.
  client.on("error", () => {});
  await client.connect();
  try {
    const result = await client.query<Record<string, unknown>>(sql);
    return result.rows;
  } finally {
    await client.end();
  }
}

function requireProgram(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw missingProgram(name);
  return path;
}

function missingProgram(name: string): Error {
  return new Error(`${name} is missing: ${HOW_TO_GET_IT}`);
}

/** Debian keeps them beside each other by version and off the PATH; the newest counts. */
function findProgram(name: string): string | undefined {
  const byVersion = globSync(`/usr/lib/postgresql/*/bin/${name}`).toSorted(
    (a, b) => Number(b.split("/")[4]) - Number(a.split("/")[4]),
  );
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name));
  return [...byVersion, ...onPath].find((path) => existsSync(path));
}
