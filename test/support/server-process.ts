import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** As in the `start` script: new objects in 4 MiB halves keep the idle server small. */
const NODE_FLAGS = ["--max-semi-space-size=64", "--expose-gc"];
const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const CLI = fileURLToPath(new URL("../../src/cli.js", import.meta.url));
const HEALTH_CHECK = fileURLToPath(new URL("../../src/health-check.js", import.meta.url));

/** On a busy machine; on a quiet one it takes less than a second. */
const READY_WITHIN_MS = 60_000;

export interface ServerProcess {
  readonly child: ChildProcess;
  readonly issuer: string;
  /** From spawn to the first answer, in milliseconds. */
  readonly listenMs: number;
  /** Everything printed so far, both streams. */
  output(): string;
  /** Ends it and waits; @returns the exit code, null when a signal ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/**
 * The built server in a process of its own.
 *
 * @param onOutput told everything printed so far, whenever something is, before it listens, too
 * @throws when it ends or is not ready within 60 s
 */
export async function spawnServer(
  environment: Record<string, string>,
  onOutput: (output: string) => void = () => {},
): Promise<ServerProcess> {
  const issuer = environment["ISSUER"] ?? `http://localhost:${environment["PORT"] ?? "8000"}`;
  const basePath = new URL(issuer).pathname.replace(/\/$/, "");
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN], { env: inherit(environment) });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => onOutput((output += chunk.toString())));
  }
  await waitUntilReady(
    child,
    `http://127.0.0.1:${environment["PORT"] ?? "8000"}${basePath}/health/ready`,
    () => output,
  );
  return {
    child,
    issuer,
    listenMs: performance.now() - startedAt,
    output: () => output,
    async stop(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}

async function waitUntilReady(
  child: ChildProcess,
  url: string,
  output: () => string,
): Promise<void> {
  const untilMs = performance.now() + READY_WITHIN_MS;
  while (performance.now() < untilMs) {
    if (child.exitCode !== null) throw new Error(`the server ended: ${output()}`);
    try {
      const response = await fetch(url);
      await response.body?.cancel();
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    await delay(10);
  }
  throw new Error(`the server is not ready: ${output()}`);
}

/** Starts a server that is expected to end by itself. */
export function runServer(environment: Record<string, string>): Promise<CommandOutput> {
  return runToEnd([...NODE_FLAGS, MAIN], environment, "");
}

export interface CommandOutput {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `latchkey …args` as an operator would. */
export function runCli(
  args: readonly string[],
  environment: Record<string, string>,
  input = "",
): Promise<CommandOutput> {
  return runToEnd([CLI, ...args], environment, input);
}

/** Runs the check as a container does. */
export function runHealthCheck(
  args: readonly string[],
  environment: Record<string, string>,
): Promise<CommandOutput> {
  return runToEnd([HEALTH_CHECK, ...args], environment, "");
}

async function runToEnd(
  args: readonly string[],
  environment: Record<string, string>,
  input: string,
): Promise<CommandOutput> {
  const child = spawn(process.execPath, args, { env: inherit(environment) });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(input);
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}

/** No setting of the machine that tests run on; coverage is collected from child processes too. */
function inherit(environment: Record<string, string>): Record<string, string | undefined> {
  const { PATH, NODE_V8_COVERAGE } = process.env;
  return { PATH, ...(NODE_V8_COVERAGE === undefined ? {} : { NODE_V8_COVERAGE }), ...environment };
}
