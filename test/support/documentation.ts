/** Reads programs and commands out of the documents, so that tests run what readers will paste. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT = fileURLToPath(new URL("../../../", import.meta.url));
const CLI = fileURLToPath(new URL("../../src/cli.js", import.meta.url));

/** Readers call the command through npm, which would build first. */
const NPM_STAND_IN = `set -eu\nnpm() { shift 4; node ${JSON.stringify(CLI)} "$@"; }\n`;

interface DocumentBlock {
  /** `run`: commands of the scenario `name`; `start`: such that do not end; `file`: content of `name`. */
  readonly mark: "run" | "start" | "file";
  readonly name: string;
  readonly text: string;
}

/** Code blocks after a comment such as `<!-- run: machine-client -->`, in their order. */
function readBlocks(document: string): DocumentBlock[] {
  const markdown = readFileSync(join(PROJECT, document), "utf8");
  const marked = /^<!-- (run|start|file): (\S+) -->\n\n?```\w+\n(.*?)^```$/gms;
  return Array.from(markdown.matchAll(marked), ([, mark, name = "", text = ""]) => ({
    mark: mark as DocumentBlock["mark"],
    name,
    text,
  }));
}

/** A file of a document, as it stands there. @throws when it has none of this name. */
export function readDocumentFile(document: string, name: string): string {
  const block = readBlocks(document).find((each) => each.mark === "file" && each.name === name);
  if (block === undefined) throw new Error(`${document} has no file "${name}"`);
  return block.text;
}

export interface Scenario {
  readonly document: string;
  readonly name: string;
  /** Where the files of the document are written and the commands run; created when absent. */
  readonly directory: string;
  /** Addresses in the document and those of this run. */
  readonly addresses: Record<string, string>;
  readonly environment: Record<string, string>;
}

export interface RunningScript {
  readonly child: ChildProcess;
  /** Types a line. */
  type(line: string): void;
  /** Resolves with the first match in what was printed. @throws when the script ends without it. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits for the end. @throws unless it exits with 0. @returns what it printed. */
  finish(): Promise<string>;
  /** Ends it and what it started. */
  stop(): Promise<void>;
}

/** Writes the document's files and runs the scenario's blocks one after another in one shell. */
export async function startScenario(scenario: Scenario): Promise<RunningScript> {
  const { document, name, directory, environment } = scenario;
  const here = (text: string) =>
    Object.entries(scenario.addresses).reduce((all, [from, to]) => all.replaceAll(from, to), text);
  await mkdir(directory, { recursive: true });
  await symlink(join(PROJECT, "node_modules"), join(directory, "node_modules")).catch(
    ignoreExisting,
  );
  const blocks = readBlocks(document);
  for (const { name: file, text } of blocks.filter(({ mark }) => mark === "file")) {
    await writeFile(join(directory, file), here(text));
  }
  const commands = blocks.filter((block) => block.mark !== "file" && block.name === name);
  if (commands.length === 0) throw new Error(`${document} has no block "${name}"`);
  const script = NPM_STAND_IN + commands.map(({ text }) => here(text)).join("\n");
  const PATH = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  const child = spawn("bash", ["-c", script], {
    cwd: directory,
    env: { PATH, ...environment },
    detached: true,
  });
  return follow(child, `${document}, ${name}`);
}

/** Runs a scenario that asks nothing to its end. @returns what it printed. */
export async function runScenario(scenario: Scenario, input = ""): Promise<string> {
  const script = await startScenario(scenario);
  script.child.stdin?.end(input);
  return script.finish();
}

function follow(child: ChildProcess, what: string): RunningScript {
  let output = "";
  const listeners = new Set<() => void>();
  const append = (chunk: Buffer) => {
    output += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout?.on("data", append);
  child.stderr?.on("data", append);
  // What the script left running would keep its output open for ever.
  child.once("exit", () => endGroup(child));
  const closed = once(child, "close");
  return {
    child,
    type: (line) => child.stdin?.write(`${line}\n`),
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output);
          if (found !== null) resolve(found);
        };
        listeners.add(look);
        void closed.then(() => reject(new Error(`${what}: no ${String(pattern)} in: ${output}`)));
        look();
      }),
    async finish() {
      await closed;
      if (child.exitCode !== 0) throw new Error(`${what} ended with ${child.exitCode}: ${output}`);
      return output;
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) endGroup(child);
      await closed;
    },
  };
}

/** Ends the shell and what it started: a negative id means the group. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid);
  } catch (err) {
    // Nothing of it runs any more.
    if (!(err instanceof Error && "code" in err && err.code === "ESRCH")) throw err;
  }
}

function ignoreExisting(err: NodeJS.ErrnoException): void {
  if (err.code !== "EEXIST") throw err;
}
