import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { rawRequest, type RawAnswer, type RawRequest } from "../raw-request.js";
import type { LoadLedger } from "./load-ledger.js";

/**
 * A client that does nothing but what it may: it sends one request at a time, and after a 503 or a
 * broken connection the same one again, until it has a definite answer.
 */
export interface HonestClient {
  /** @throws GaveUp when there is no definite answer within a minute, or the load ends. */
  send(name: string, path: string, request?: RawRequest): Promise<DefiniteAnswer>;
  close(): void;
}

/** Any answer but 503. */
export interface DefiniteAnswer extends RawAnswer {
  /** Whether an earlier try got 503: it must have changed nothing. */
  readonly wasUnavailable: boolean;
  /** Whether an earlier try was cut: it may have been executed. */
  readonly wasCut: boolean;
}

export class GaveUp extends Error {}

const PATIENCE_MS = 60_000;
const NO_ANSWER_MS = 30_000;
/** Sooner than `Retry-After` says, so that an outage is felt by many requests. */
const PAUSE_MS = 250;

export interface HonestClientDeps {
  readonly issuer: string;
  readonly ledger: LoadLedger;
  /** True ends every wait. */
  readonly isOver: () => boolean;
}

export function createHonestClient({ issuer, ledger, isOver }: HonestClientDeps): HonestClient {
  const agent = new Agent({ keepAlive: true });

  async function attempt(
    name: string,
    path: string,
    request: RawRequest,
  ): Promise<RawAnswer | "cut"> {
    const startedAt = performance.now();
    const signal = AbortSignal.timeout(NO_ANSWER_MS);
    try {
      const answer = await rawRequest(issuer + path, { ...request, agent, signal });
      ledger.record(answer, { name, tookMs: performance.now() - startedAt });
      return answer;
    } catch {
      if (signal.aborted) ledger.violate(`${name}: no answer within ${NO_ANSWER_MS} ms`);
      ledger.counts.requests++;
      ledger.counts.cut++;
      return "cut";
    }
  }

  return {
    async send(name, path, request = {}) {
      const deadline = performance.now() + PATIENCE_MS;
      let wasUnavailable = false;
      let wasCut = false;
      for (;;) {
        const answer = await attempt(name, path, request);
        if (answer === "cut") wasCut = true;
        else if (answer.status === 503) wasUnavailable = true;
        else return { ...answer, wasUnavailable, wasCut };
        if (isOver()) throw new GaveUp();
        if (performance.now() > deadline) {
          ledger.violate(`${name}: not served within ${PATIENCE_MS} ms`);
          throw new GaveUp();
        }
        await delay(PAUSE_MS);
      }
    },
    close: () => agent.destroy(),
  };
}
