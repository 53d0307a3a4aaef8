import type { Load } from "../load/start-load.js";

/** Something that goes wrong and ends again, while a load goes on. */
export interface Fault {
  readonly name: string;
  /** What readiness must say meanwhile, at every node. */
  readonly reason?: string;
  run(load: Load): Promise<unknown>;
}

/** How long faults last that do not end by themselves. */
export interface FaultTimes {
  readonly shortMs: number;
  readonly longMs: number;
}
