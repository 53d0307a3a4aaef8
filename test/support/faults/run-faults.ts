import type { ServerNodes } from "../server-nodes.js";
import { renderReport, startLoad, type LoadOptions } from "../load/start-load.js";
import type { Fault } from "./fault.js";
import { makeFault } from "./make-fault.js";

/** After an outage used codes are in doubt for 3 s; then the next fault meets a whole load. */
const LOAD = { workers: 10, steadyMs: 4_000 } satisfies LoadOptions;

/** By the arguments of a script: a pattern for the names, and how many times over. */
export function chooseFaults(
  faults: readonly Fault[],
  [pattern = "", times = "1"]: readonly string[],
): Fault[] {
  const chosen = faults.filter(({ name }) => new RegExp(pattern).test(name));
  return Array<Fault[]>(Number(times)).fill(chosen).flat();
}

/** One fault after the other under one load; a line for each, and the verdict at the end. */
export async function runFaults(
  nodes: ServerNodes,
  faults: readonly Fault[],
): Promise<readonly string[]> {
  const load = await startLoad(nodes, LOAD);
  for (const fault of faults) {
    console.log(renderReport(await makeFault(load, fault)));
  }
  const violations = await load.finish();
  for (const violation of violations) console.log(`VIOLATION: ${violation}`);
  for (const line of nodes.nodes.flatMap((node) => unexpectedLines(node.output())).slice(0, 10)) {
    console.log(`LOGGED: ${line}`);
  }
  const { flows, requests, replaysRefused, lost } = load.ledger.counts;
  console.log(
    `${flows} flows, ${requests} requests, ${replaysRefused} replays refused, ${lost} lost with the store's data: ` +
      (violations.length === 0 ? "no violation" : `${violations.length} VIOLATIONS`),
  );
  return violations;
}

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly path?: string;
  readonly err?: { readonly status?: number; readonly message?: string };
}

/** Errors that are no outage of a store, and what is no log at all. */
function unexpectedLines(output: string): string[] {
  return output.split("\n").flatMap((line) => {
    if (line === "") return [];
    if (!line.startsWith("{")) return [line];
    const { level, msg, path = "", err } = JSON.parse(line) as LogLine;
    return level < 50 || err?.status === 503 ? [] : [`${msg} ${path} ${err?.message ?? ""}`];
  });
}
