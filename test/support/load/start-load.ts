import type { ServerNode, ServerNodes } from "../server-nodes.js";
import { createHonestClient } from "./honest-client.js";
import { createLoadClients } from "./load-clients.js";
import { createLoadLedger, type LoadCounts, type LoadLedger } from "./load-ledger.js";
import { createLoadPerson } from "./load-person.js";
import { authorizationRequest, form } from "./load-requests.js";
import { expectRefused, runLoadWorker, type Keepsake, type LoadWorkerDeps } from "./load-worker.js";
import { startNodeProbe, type NodeProbe } from "./node-probe.js";

export interface Load {
  readonly ledger: LoadLedger;
  readonly probe: NodeProbe;
  /**
   * Lets the load run, makes the fault, and waits until every node is well again. The fault is over
   * when the promise of `fault` resolves; the time from there is the recovery.
   */
  during(name: string, fault: () => Promise<unknown>): Promise<FaultReport>;
  /** So many requests for tokens at once, at every node. */
  flood(perNode: number): Promise<void>;
  /** Ends the load and looks again at everything that was acknowledged. */
  finish(): Promise<readonly string[]>;
}

export interface FaultReport extends LoadCounts {
  readonly name: string;
  readonly violations: readonly string[];
  readonly faultMs: number;
  readonly recoveryMs: number;
  readonly slowestMs: number;
}

export interface LoadOptions {
  readonly workers?: number;
  /** No answer may take longer. */
  readonly boundMs?: number;
  /** For how long all must be well before and after a fault. */
  readonly steadyMs?: number;
}

const KEPT_AT_MOST = 300;

export async function startLoad(
  server: ServerNodes,
  { workers = 6, boundMs = 10_000, steadyMs = 1000 }: LoadOptions = {},
): Promise<Load> {
  const ledger = createLoadLedger({ boundMs });
  const clients = await createLoadClients(server);
  let over = false;
  const isOver = () => over;
  const { issuer } = server;
  const http = createHonestClient({ issuer, ledger, isOver });
  const kept: Keepsake[] = [];
  const shared = {
    http,
    clients,
    ledger,
    isOver,
    keep: (each: Keepsake) => void (kept.length < KEPT_AT_MOST && kept.push(each)),
  };
  // Everyone has an account, since what belongs to one may lie in one part of a store.
  const everyone = await Promise.all(
    Array.from({ length: workers }, async (_, index) => {
      const credentials = { username: `person-${index}`, password: server.password };
      await server.app.createAccount({ ...credentials, profile: {} });
      return credentials;
    }),
  );
  const running = everyone.map((credentials, index) => {
    const person = createLoadPerson({ ...shared, issuer, client: clients.web, credentials });
    return runLoadWorker({ ...shared, person }, index);
  });
  const probe = startNodeProbe({ nodes: server.nodes, clients, ledger });
  await probe.waitUntilWell(0);

  return {
    ledger,
    probe,
    async during(name, fault) {
      await probe.waitUntilWell(steadyMs);
      const before = { ...ledger.counts };
      const violationsBefore = ledger.violations.length;
      ledger.forgetSlowest();
      const startedAt = performance.now();
      await fault();
      const overAt = performance.now();
      await probe.waitUntilWell(steadyMs);
      return {
        name,
        ...difference(ledger.counts, before),
        violations: ledger.violations.slice(violationsBefore),
        faultMs: Math.round(overAt - startedAt),
        recoveryMs: Math.round(Math.max(0, probe.lastFailureAt - overAt)),
        slowestMs: ledger.slowestMs,
      };
    },
    async flood(perNode) {
      const request = form(clients.machine, { grant_type: "client_credentials" });
      const name = "flood";
      const send = async (node: ServerNode) => {
        const startedAt = performance.now();
        const answer = await node.request("/token", request);
        ledger.record(answer, { name, tookMs: performance.now() - startedAt });
      };
      await Promise.all(
        server.nodes.flatMap((node) => Array.from({ length: perNode }, () => send(node))),
      );
    },
    async finish() {
      over = true;
      await Promise.all(running);
      await probe.stop();
      http.close();
      const patient = createHonestClient({ issuer, ledger, isOver: () => false });
      await lookAgain({ http: patient, clients, ledger }, kept);
      patient.close();
      return ledger.violations;
    },
  };
}

function difference(now: LoadCounts, before: LoadCounts): LoadCounts {
  const names = Object.keys(before) as (keyof LoadCounts)[];
  return Object.fromEntries(
    names.map((name) => [name, now[name] - before[name]]),
  ) as unknown as LoadCounts;
}

type Inspector = Pick<LoadWorkerDeps, "http" | "clients" | "ledger">;

/** What was acknowledged is there; what was used or revoked is refused. */
async function lookAgain(inspector: Inspector, kept: readonly Keepsake[]): Promise<void> {
  for (const each of kept) await lookAtOne(inspector, each);
}

async function lookAtOne(inspector: Inspector, { cookie, unused, refused, epoch }: Keepsake) {
  const { http, clients, ledger } = inspector;
  const lost = (what: string) => {
    if (ledger.mayHaveLost(epoch)) ledger.counts.lost++;
    else ledger.violate(`acknowledged and lost: ${what}`);
  };
  if (cookie !== undefined) {
    const { path } = authorizationRequest(clients.web, { prompt: "none" });
    const answer = await http.send("authorization", path, { headers: { Cookie: cookie } });
    const code = URL.parse(String(answer.headers["location"]))?.searchParams.get("code");
    if (typeof code !== "string") lost("a session");
  }
  if (unused !== undefined) {
    const fields = { grant_type: "refresh_token", refresh_token: unused };
    const answer = await http.send("refresh token", "/token", form(clients.web, fields));
    if (answer.status !== 200) lost("a refresh token");
  }
  for (const fields of refused) await expectRefused(inspector, "used or revoked before", fields);
}

/** One line for a person. */
export function renderReport(report: FaultReport): string {
  const { name, requests, unavailable, cut, inDoubt, lost, violations } = report;
  return [
    name.padEnd(44),
    `requests ${String(requests).padStart(6)}`,
    `503 ${String(unavailable).padStart(5)}`,
    `cut ${String(cut).padStart(3)}`,
    `in doubt ${String(inDoubt).padStart(2)}`,
    `lost ${String(lost).padStart(3)}`,
    `violations ${violations.length}`,
    `fault ${String(report.faultMs).padStart(6)} ms`,
    `recovery ${String(report.recoveryMs).padStart(5)} ms`,
    `slowest ${String(report.slowestMs).padStart(5)} ms`,
  ].join("  ");
}
