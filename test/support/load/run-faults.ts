import type { ServerNodes } from "../server-nodes.js";
import { renderReport, startLoad, type Load, type LoadOptions } from "./start-load.js";

export interface Fault {
  readonly name: string;
  /** What readiness must say meanwhile, at every node. */
  readonly reason?: string;
  /** Makes the fault and ends it; the load goes on meanwhile. */
  run(load: Load): Promise<unknown>;
}

/** One fault after the other under one load; a line for each, and the verdict at the end. */
export async function runFaults(
  nodes: ServerNodes,
  faults: readonly Fault[],
  options: LoadOptions = {},
): Promise<readonly string[]> {
  const load = await startLoad(nodes, options);
  for (const fault of faults) {
    load.probe.forgetReasons();
    const report = await load.during(fault.name, () => fault.run(load));
    for (const [node, reasons] of load.probe.reasons.entries()) {
      if (fault.reason !== undefined && !reasons.has(fault.reason)) {
        load.ledger.violate(`${fault.name}: node ${node} was never not ready for ${fault.reason}`);
      }
    }
    console.log(renderReport(report));
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
