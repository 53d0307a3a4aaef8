import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis, type RedisOptions } from "ioredis";
import { findFreePorts } from "./free-port.js";
import { reportMissing } from "./missing-services.js";

/** Debian has Valkey from version 13 on, so it may be absent, in CI too. */
export type RedisBinary = "redis-server" | "valkey-server";

export interface RedisServerOptions {
  readonly binary?: RedisBinary;
  /** Lines of the configuration, as in `{ appendonly: "yes", maxmemory: "2mb" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For the user "default". */
  readonly password?: string;
  /** PEM files; the port then speaks TLS only, and asks clients for no certificate. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  /** Makes it a sentinel, with these lines of configuration. */
  readonly sentinel?: readonly string[];
}

/** A server of its own, on a free port of 127.0.0.1, in a temporary folder. */
export interface RedisServer {
  readonly port: number;
  /** Bus of a cluster node. */
  readonly busPort: number;
  /** With the password, where there is one. */
  readonly url: string;
  readonly pid: number;
  /** Runs one command over a connection of its own. */
  execute(...command: readonly (string | number)[]): Promise<unknown>;
  /** The process stands still; its connections stay, and the system still takes new ones. */
  pause(): void;
  resume(): void;
  /** As if the machine lost power (SIGKILL). */
  kill(): Promise<void>;
  /** After `kill`, or ends it first; on the same port. */
  restart(options: { readonly keepData: boolean }): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export const HOW_TO_GET_REDIS: Readonly<Record<RedisBinary, string>> = {
  "redis-server": "install redis-server",
  "valkey-server": "install valkey-server, where the system has it",
};

const START_TIMEOUT_MS = 10_000;
/** Of a cluster node: its own knowledge, which is not data. */
const KEPT_FILES = new Set(["nodes.conf", "sentinel.conf"]);

/** @returns why the binary can't be used here, or undefined when it can. */
export function findRedisProblem(binary: RedisBinary): Error | undefined {
  if (spawnSync(binary, ["--version"]).status === 0) return undefined;
  return new Error(`${binary} is missing: ${HOW_TO_GET_REDIS[binary]}`);
}

/**
 * For `before` of a suite: leaves it out when Redis is not there, and says so at the end of the run.
 * @throws in CI, where a missing Redis is a failure.
 */
export function requireRedis(context: Mocha.Context): void {
  const problem = findRedisProblem("redis-server");
  if (problem === undefined) return;
  if (process.env["CI"] === "true") throw problem;
  reportMissing("Redis", HOW_TO_GET_REDIS["redis-server"]);
  context.skip();
}

export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const [port = 0, busPort = 0] = await findFreePorts(2);
  const directory = await mkdtemp(join(tmpdir(), "latchkey-redis-"));
  const connection: RedisOptions = {
    host: "127.0.0.1",
    port,
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.tls === undefined ? {} : { tls: { rejectUnauthorized: false } }),
  };
  const execute = (...command: readonly (string | number)[]) => runCommand(connection, command);
  const args =
    options.sentinel === undefined
      ? serverArguments(options, { port, busPort, directory })
      : await sentinelArguments(options, { port, directory });
  let child = await start(options.binary ?? "redis-server", args, execute);

  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    // Signals to a process that stands still wait until it goes on.
    child.kill("SIGCONT");
    await exited;
  };
  return {
    port,
    busPort,
    url: urlOf(options, port),
    get pid() {
      return child.pid ?? 0;
    },
    execute,
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    kill: () => end("SIGKILL"),
    async restart({ keepData }) {
      await end("SIGTERM");
      if (!keepData) await removeData(directory);
      child = await start(options.binary ?? "redis-server", args, execute);
    },
    async stop() {
      await end("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function urlOf({ password, tls }: RedisServerOptions, port: number): string {
  const credentials = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
  return `${tls === undefined ? "redis" : "rediss"}://${credentials}127.0.0.1:${port}`;
}

interface Place {
  readonly port: number;
  readonly busPort: number;
  readonly directory: string;
}

function serverArguments(
  { settings = {}, password, tls }: RedisServerOptions,
  { port, busPort, directory }: Place,
): string[] {
  const all: Record<string, string> = {
    bind: "127.0.0.1",
    dir: directory,
    save: "",
    "maxmemory-policy": "noeviction",
    ...portSettings(port, tls),
    ...(password === undefined ? {} : { requirepass: password, masterauth: password }),
    ...(settings["cluster-enabled"] === "yes" ? { "cluster-port": String(busPort) } : {}),
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
}

/** Sentinels keep what they know in their configuration file. */
async function sentinelArguments(
  { sentinel = [], tls }: RedisServerOptions,
  { port, directory }: Omit<Place, "busPort">,
): Promise<string[]> {
  const file = join(directory, "sentinel.conf");
  const settings = Object.entries(portSettings(port, tls)).map((setting) => setting.join(" "));
  const replication = tls === undefined ? [] : ["tls-replication yes"];
  const lines = [...settings, ...replication, "bind 127.0.0.1", `dir ${directory}`, ...sentinel];
  await writeFile(file, lines.join("\n"));
  return [file, "--sentinel"];
}

function portSettings(port: number, tls: RedisServerOptions["tls"]): Record<string, string> {
  if (tls === undefined) return { port: String(port) };
  return {
    port: "0",
    "tls-port": String(port),
    "tls-cert-file": tls.cert,
    "tls-key-file": tls.key,
    "tls-ca-cert-file": tls.ca,
    "tls-auth-clients": "no",
  };
}

async function start(
  binary: RedisBinary,
  args: readonly string[],
  execute: RedisServer["execute"],
): Promise<ChildProcess> {
  const child = spawnBoundToUs(binary, args);
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const endsAtMs = performance.now() + START_TIMEOUT_MS;
  while (child.exitCode === null && performance.now() < endsAtMs) {
    try {
      await execute("PING");
      return child;
    } catch {
      await delay(20);
    }
  }
  child.kill("SIGKILL");
  throw new Error(`${binary} did not start: ${output}`);
}

/** Ends with this process, however this one ends: the kernel sees to it where there is `setpriv`. */
function spawnBoundToUs(binary: RedisBinary, args: readonly string[]): ChildProcess {
  const command = hasSetpriv ? "setpriv" : binary;
  const child = spawn(command, [...(hasSetpriv ? ["--pdeathsig", "KILL", binary] : []), ...args]);
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

const hasSetpriv = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0;

async function removeData(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!KEPT_FILES.has(name)) await rm(join(directory, name), { recursive: true });
  }
}

async function runCommand(
  connection: RedisOptions,
  [name = "", ...args]: readonly (string | number)[],
): Promise<unknown> {
  const client = new Redis({
    ...connection,
    replyMapping: "legacy",
    lazyConnect: true,
    commandTimeout: 2_000,
    connectTimeout: 2_000,
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
  // The command fails with it as well.
  client.on("error", () => {});
  try {
    return await client.call(String(name), ...args);
  } finally {
    client.disconnect();
  }
}
