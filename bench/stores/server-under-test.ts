import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Usage } from "./report-usage.js";

export interface ServerUnderTest {
  readonly name: string;
  readonly port: number;
  readonly issuer: string;
  readUsage(): Promise<Usage>;
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly name: string;
  readonly port: number;
  /** Flags for Node.js, the script and its arguments. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Where its output goes, as an operator would keep it. */
  readonly logFile: string;
}

const REPORT_USAGE = new URL("report-usage.js", import.meta.url).href;
const START_MS = 20_000;

/** A process of its own on this Node.js. @throws when it does not answer in time. */
export async function startServer(command: ServerCommand): Promise<ServerUnderTest> {
  const { name, port, environment, logFile } = command;
  const log = await open(logFile, "w");
  const child = spawn(process.execPath, ["--import", REPORT_USAGE, ...command.args], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  await log.close();
  const issuer = `http://localhost:${port}`;
  await waitUntilListening(child, `${issuer}/jwks`, logFile);
  return {
    name,
    port,
    issuer,
    async readUsage() {
      child.send("usage");
      const [usage]: Usage[] = await once(child, "message");
      if (usage === undefined) throw new Error(`${name} does not say what it used`);
      return usage;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function waitUntilListening(child: ChildProcess, url: string, log: string): Promise<void> {
  const giveUpMs = performance.now() + START_MS;
  while (performance.now() < giveUpMs && child.exitCode === null) {
    try {
      const response = await fetch(url);
      await response.body?.cancel();
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    await delay(20);
  }
  child.kill();
  throw new Error(`a server did not start: see ${fileURLToPath(new URL(`file://${log}`))}`);
}
