import type { RawAnswer } from "../raw-request.js";

/** What happened so far under a load. */
export interface LoadCounts {
  requests: number;
  /** Whole code flows with all that follows them. */
  flows: number;
  /** Answers of 503. */
  unavailable: number;
  /** Requests whose connection broke before their answer was whole. */
  cut: number;
  /**
   * Codes and refresh tokens refused when sent again after their first request was cut: the server
   * had used them up, and only the answer was lost.
   */
  inDoubt: number;
  /** Refused because the store was made to lose its data. */
  lost: number;
  /** Used or revoked things that were tried again, and refused. */
  replaysRefused: number;
}

/** Counts, and everything that must not happen. */
export interface LoadLedger {
  readonly counts: LoadCounts;
  readonly violations: readonly string[];
  /** The slowest answer since `forgetSlowest`, in milliseconds. */
  readonly slowestMs: number;
  /** Judges what holds for any answer: no 5xx but 503, when to come back, the time it took. */
  record(answer: Pick<RawAnswer, "status" | "headers">, about: RequestFacts): void;
  violate(what: string): void;
  forgetSlowest(): void;
  /** What existed at this time may be gone: see `lost`. */
  readonly mayHaveLost: (since: number) => boolean;
  /** A time for `mayHaveLost`. */
  readonly epoch: number;
  /** Runs what makes a store lose its data. */
  whileLosing<Result>(work: () => Promise<Result>): Promise<Result>;
}

export interface RequestFacts {
  readonly name: string;
  readonly tookMs: number;
}

export function createLoadLedger({ boundMs }: { readonly boundMs: number }): LoadLedger {
  const violations: string[] = [];
  let slowestMs = 0;
  let epoch = 0;
  let losing = false;
  const counts: LoadCounts = {
    requests: 0,
    flows: 0,
    unavailable: 0,
    cut: 0,
    inDoubt: 0,
    lost: 0,
    replaysRefused: 0,
  };

  const violate = (what: string) => void violations.push(`${new Date().toISOString()} ${what}`);

  return {
    counts,
    violations,
    violate,
    get slowestMs() {
      return Math.round(slowestMs);
    },
    get epoch() {
      return epoch;
    },
    mayHaveLost: (since) => losing || since !== epoch,
    forgetSlowest() {
      slowestMs = 0;
    },
    record({ status, headers }, { name, tookMs }) {
      counts.requests++;
      slowestMs = Math.max(slowestMs, tookMs);
      if (tookMs > boundMs) violate(`${name}: ${status} took ${Math.round(tookMs)} ms`);
      if (status === 503) {
        counts.unavailable++;
        if (!(Number(headers["retry-after"]) > 0)) violate(`${name}: 503 without Retry-After`);
      } else if (status >= 500) {
        violate(`${name}: ${status}`);
      }
    },
    async whileLosing(work) {
      losing = true;
      try {
        return await work();
      } finally {
        epoch++;
        losing = false;
      }
    },
  };
}
