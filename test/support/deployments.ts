import { reportMissing } from "./missing-services.js";
import { createTestPostgres, findPostgresProblem, HOW_TO_GET_POSTGRES } from "./postgres.js";
import { startRedisServer } from "./redis-servers.js";
import { startServerNodes, type ServerNodes } from "./server-nodes.js";

/** Stores that several nodes can share. */
interface Deployment {
  readonly name: string;
  readonly howToGetIt: string;
  /** @returns why it can't be had here, or undefined when it can. */
  findProblem(): Promise<unknown>;
  create(): Promise<DeploymentStores>;
}

interface DeploymentStores {
  readonly environment: Readonly<Record<string, string>>;
  drop(): Promise<void>;
}

const DEPLOYMENTS: readonly Deployment[] = [
  {
    name: "PostgreSQL",
    howToGetIt: HOW_TO_GET_POSTGRES,
    findProblem: findPostgresProblem,
    async create() {
      const { url, drop } = await createTestPostgres();
      return { environment: { DATABASE_URL: url }, drop };
    },
  },
  {
    name: "PostgreSQL and Redis",
    howToGetIt: `${HOW_TO_GET_POSTGRES}, and install redis-server`,
    findProblem: findPostgresProblem,
    async create() {
      const { url, drop } = await createTestPostgres();
      const redis = await startRedisServer();
      return {
        environment: { DATABASE_URL: url, REDIS_URL: redis.url },
        async drop() {
          await redis.stop();
          await drop();
        },
      };
    },
  },
];

const TIMEOUT_MS = 60_000;

/**
 * One suite for each deployment that several nodes can have, over two nodes on empty stores.
 *
 * @param settings further ones of the nodes, by their environment names.
 */
export function describeOnTwoNodes(
  title: string,
  body: (nodes: () => ServerNodes) => void,
  settings: Readonly<Record<string, string>> = {},
): void {
  for (const deployment of DEPLOYMENTS) {
    describe(`${title}: two nodes on ${deployment.name}`, function () {
      this.timeout(TIMEOUT_MS);
      let stores: DeploymentStores | undefined;
      let nodes: ServerNodes;
      before(async function () {
        const problem = await deployment.findProblem();
        if (problem !== undefined) {
          if (process.env["CI"] === "true") throw problem;
          reportMissing(deployment.name, deployment.howToGetIt);
          this.skip();
        }
        stores = await deployment.create();
        nodes = await startServerNodes({ environment: { ...stores.environment, ...settings } });
      });
      body(() => nodes);
      after(async () => {
        await nodes?.close();
        await stores?.drop();
      });
    });
  }
}
