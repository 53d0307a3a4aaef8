import { setTimeout as delay } from "node:timers/promises";
import type { RawAnswer } from "../raw-request.js";
import type { ServerNode } from "../server-nodes.js";
import type { LoadClients } from "./load-clients.js";
import { API } from "./load-clients.js";
import type { LoadLedger } from "./load-ledger.js";
import { form } from "./load-requests.js";

/** Asks every node by itself, again and again, so that it is known when each of them is well. */
export interface NodeProbe {
  /** When the last request failed that needs all stores; 0: never. In `performance.now()` time. */
  readonly lastFailureAt: number;
  /** Resolves when every node has answered without a failure for so long. @throws after a minute */
  waitUntilWell(forMs: number): Promise<void>;
  /** While it is set, JWT client credentials must work as well as discovery and keys do. */
  expectJwtTokens(expected: boolean): void;
  /** What `/health/ready` gave as the reason, of each node, since `forgetReasons`. */
  readonly reasons: readonly ReadonlySet<string>[];
  forgetReasons(): void;
  stop(): Promise<void>;
}

export interface NodeProbeDeps {
  readonly nodes: readonly ServerNode[];
  readonly clients: LoadClients;
  readonly ledger: LoadLedger;
}

const INTERVAL_MS = 50;
const READINESS_INTERVAL_MS = 250;
const PATIENCE_MS = 60_000;

/** What no store is needed for. */
const ALWAYS = ["/.well-known/openid-configuration", "/jwks", "/health/live"];

export function startNodeProbe({ nodes, clients, ledger }: NodeProbeDeps): NodeProbe {
  let running = true;
  let jwtExpected = false;
  let lastFailureAt = 0;
  /** When each node last gave a token. */
  const lastSuccessAt = nodes.map(() => 0);
  const reasons = nodes.map(() => new Set<string>());

  async function ask(name: string, send: () => Promise<RawAnswer>): Promise<number | "down"> {
    const startedAt = performance.now();
    try {
      const answer = await send();
      ledger.record(answer, { name, tookMs: performance.now() - startedAt });
      return answer.status;
    } catch {
      return "down"; // a node that is not there is judged by those who meet it
    }
  }

  async function probeStores(node: ServerNode, index: number): Promise<void> {
    const fields = { grant_type: "client_credentials" };
    while (running) {
      const status = await ask("probe", () =>
        node.request("/token", form(clients.machine, fields)),
      );
      if (status === 200) lastSuccessAt[index] = performance.now();
      else lastFailureAt = performance.now();
      await delay(INTERVAL_MS);
    }
  }

  async function probeAlways(node: ServerNode): Promise<void> {
    const jwt = form(clients.machine, {
      grant_type: "client_credentials",
      resource: API,
      scope: "orders:read",
    });
    for (let turn = 0; running; turn++) {
      const path = ALWAYS[turn % ALWAYS.length] ?? "";
      const status = await ask(path, () => node.request(path));
      if (status !== 200 && status !== "down") ledger.violate(`${path}: ${status}`);
      if (jwtExpected) {
        const issued = await ask("JWT probe", () => node.request("/token", jwt));
        if (jwtExpected && issued !== 200 && issued !== "down")
          ledger.violate(`JWT client credentials: ${issued}`);
      }
      await delay(INTERVAL_MS);
    }
  }

  async function probeReadiness(node: ServerNode, index: number): Promise<void> {
    while (running) {
      try {
        const { status, body } = await node.request("/health/ready");
        if (status === 503) reasons[index]?.add((JSON.parse(body) as { reason: string }).reason);
      } catch {
        // A node that is not there has no reason to give.
      }
      await delay(READINESS_INTERVAL_MS);
    }
  }

  const probes = nodes.flatMap((node, index) => [
    probeStores(node, index),
    probeAlways(node),
    probeReadiness(node, index),
  ]);
  return {
    get lastFailureAt() {
      return lastFailureAt;
    },
    async waitUntilWell(forMs) {
      const startedAt = performance.now();
      const isWell = () => {
        const wellSince = Math.max(startedAt, lastFailureAt);
        return lastSuccessAt.every((at) => at > wellSince + forMs);
      };
      while (!isWell()) {
        if (performance.now() > startedAt + PATIENCE_MS)
          throw new Error("the nodes do not recover");
        await delay(INTERVAL_MS);
      }
    },
    expectJwtTokens(expected) {
      jwtExpected = expected;
    },
    reasons,
    forgetReasons() {
      for (const each of reasons) each.clear();
    },
    async stop() {
      running = false;
      await Promise.all(probes);
    },
  };
}
