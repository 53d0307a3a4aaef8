import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { startFaultProxy, type FaultProxy } from "../support/fault-proxy.js";
import { clusterFaults } from "../support/faults/failover-faults.js";
import type { Fault } from "../support/faults/fault.js";
import { makeFault } from "../support/faults/make-fault.js";
import { nodeFaults } from "../support/faults/node-faults.js";
import { postgresFaults } from "../support/faults/postgres-faults.js";
import { redisFaults, redisWayFaults } from "../support/faults/redis-faults.js";
import { startLoad, type Load } from "../support/load/start-load.js";
import { requireOwnPostgres, startOwnPostgres, type OwnPostgres } from "../support/own-postgres.js";
import { startRedisCluster, type RedisCluster } from "../support/redis-cluster.js";
import { requireRedis, startRedisServer, type RedisServer } from "../support/redis-servers.js";
import { startServerNodes, type ServerNodes } from "../support/server-nodes.js";

/** Long enough for each to be felt; `npm run fault:…` makes them longer, and more of them. */
const TIMES = { shortMs: 1_500, longMs: 3_500 };
/** Five times what is measured on an idle machine. */
const RECOVERY_MS = 10_000;
const TIMEOUT_MS = 90_000;

/**
 * FT-01 to FT-19: flows of people and machines go on while something breaks, and nothing is accepted
 * twice, lost once acknowledged, or refused to an honest client. What is checked: `load-worker.ts`.
 */
function describeFaults(
  title: string,
  environmentOf: (context: Mocha.Context, postgres: OwnPostgres) => Promise<Record<string, string>>,
  body: (parts: Parts) => void,
): void {
  describe(`${title} under load`, function () {
    this.timeout(TIMEOUT_MS);
    let postgres: OwnPostgres;
    let nodes: ServerNodes;
    let load: Load;
    before(async function () {
      requireOwnPostgres(this);
      postgres = await startOwnPostgres();
      const environment = await environmentOf(this, postgres);
      nodes = await startServerNodes({ environment });
      load = await startLoad(nodes, { workers: 4, steadyMs: 300 });
    });
    after(async () => {
      await nodes?.close();
      await postgres?.close();
    });

    body({
      postgres: () => postgres,
      nodes: () => nodes,
      survive(name, find) {
        it(`survives: ${name}`, async () => {
          const fault = find().find((each) => each.name.startsWith(name));
          if (fault === undefined) throw new Error(`no fault ${name}`);
          const report = await makeFault(load, fault);
          expect(report.violations).to.deep.equal([]);
          expect(report.recoveryMs).to.be.below(RECOVERY_MS);
        });
      },
    });

    it("has at the end all that was acknowledged, and refuses all that was used", async () => {
      const { counts } = load.ledger;
      const isEnough = () => counts.flows >= 10 && counts.replaysRefused >= 10;
      await eventually("a load that says something", isEnough, TIMEOUT_MS / 2);
      expect(await load.finish()).to.deep.equal([]);
    });
  });
}

interface Parts {
  readonly postgres: () => OwnPostgres;
  readonly nodes: () => ServerNodes;
  /** The fault whose name begins so must be survived. */
  readonly survive: (name: string, find: () => readonly Fault[]) => void;
}

describeFaults(
  "two nodes and their PostgreSQL",
  async (_context, postgres) => ({ DATABASE_URL: postgres.url }),
  ({ postgres, nodes, survive }) => {
    const ofNodes = () => nodeFaults(nodes().nodes, 1);
    const ofPostgres = () => postgresFaults(postgres(), TIMES);
    survive("one node killed (SIGKILL)", ofNodes);
    survive("all nodes killed at once", ofNodes);
    survive("PostgreSQL restarted in good order", ofPostgres);
    survive("PostgreSQL killed (SIGKILL)", ofPostgres);
    survive("PostgreSQL stopped", ofPostgres);
    survive("pg_terminate_backend of all", ofPostgres);
    survive("table model locked", ofPostgres);
    survive("PostgreSQL read-only", ofPostgres);
  },
);

let redis: RedisServer;
let proxy: FaultProxy;
describeFaults(
  "two nodes, their PostgreSQL and their Redis",
  async (context, postgres) => {
    requireRedis(context);
    redis = await startRedisServer({ settings: { appendonly: "yes" } });
    proxy = await startFaultProxy(redis.url);
    return { DATABASE_URL: postgres.url, REDIS_URL: proxy.url };
  },
  ({ nodes, survive }) => {
    after(async () => {
      await proxy?.close();
      await redis?.stop();
    });
    const ofServer = () => redisFaults(redis, TIMES);
    const ofWay = () => redisWayFaults(proxy, TIMES);
    survive("one node killed (SIGKILL)", () => nodeFaults(nodes().nodes, 2));
    survive("replies cut", ofWay);
    survive("Redis restarted with its data", ofServer);
    survive("Redis killed (SIGKILL)", ofServer);
    survive("Redis stopped", ofServer);
    survive("Redis read-only", ofServer);
    survive("Redis out of memory", ofServer);
    survive("Redis restarted without its data", ofServer);
  },
);

let cluster: RedisCluster;
describeFaults(
  "two nodes and a Redis Cluster",
  async (context, postgres) => {
    requireRedis(context);
    cluster = await startRedisCluster({ withReplicas: true, settings: { appendonly: "yes" } });
    return { DATABASE_URL: postgres.url, REDIS_URL: cluster.url };
  },
  ({ survive }) => {
    after(() => cluster?.stop());
    survive("Cluster, a master killed", () => clusterFaults(cluster));
    survive("Cluster, the killed master back", () => clusterFaults(cluster));
  },
);
