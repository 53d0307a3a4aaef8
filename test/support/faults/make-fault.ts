import type { FaultReport, Load } from "../load/start-load.js";
import type { Fault } from "./fault.js";

/** One fault under a load that runs. */
export async function makeFault(load: Load, fault: Fault): Promise<FaultReport> {
  const violationsBefore = load.ledger.violations.length;
  load.probe.forgetReasons();
  const report = await load.during(fault.name, () => fault.run(load));
  for (const [node, reasons] of load.probe.reasons.entries()) {
    if (fault.reason !== undefined && !reasons.has(fault.reason)) {
      load.ledger.violate(`${fault.name}: node ${node} was never not ready for ${fault.reason}`);
    }
  }
  return { ...report, violations: load.ledger.violations.slice(violationsBefore) };
}
