import { createApp } from "../../src/app.js";
import { openDeployment } from "../../src/deployment.js";
import { loadConfig } from "../../src/config/load-config.js";
import { systemClock } from "../../src/lib/clock.js";
import { createLogger } from "../../src/lib/logger.js";
import { startBalancer, type Balancer } from "./balancer.js";
import { freePort } from "./free-port.js";
import { rawRequest, type RawAnswer, type RawRequest } from "./raw-request.js";
import { spawnServer, type ServerProcess } from "./server-process.js";
import { collectLogs, PASSWORD, type TestServer } from "./test-server.js";

/** One of several identical server processes. */
export interface ServerNode {
  /** What it printed since it was last started. */
  output(): string;
  /** Asks this node and no other, with the issuer's `Host`. */
  request(path: string, request?: RawRequest): Promise<RawAnswer>;
  /**
   * Resolves when it is ready.
   * @param changes settings that it has from now on; an empty one is unset.
   */
  start(changes?: Readonly<Record<string, string>>): Promise<void>;
  /** @returns its exit code, null when the signal ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/**
 * Several nodes on the same stores behind a balancer without sticky sessions, whose address is the
 * issuer. `app` is no node: it administers the same stores in this process.
 */
export interface ServerNodes extends TestServer {
  readonly nodes: readonly ServerNode[];
  readonly balancer: Balancer;
  /** The environment of the first node, for commands. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ServerNodesOptions {
  readonly count?: number;
  /** The stores, and further settings by their environment names. */
  readonly environment: Readonly<Record<string, string>>;
}

export async function startServerNodes({
  count = 2,
  environment,
}: ServerNodesOptions): Promise<ServerNodes> {
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  const balancer = await startBalancer(ports);
  const shared = {
    ISSUER: `http://localhost:${balancer.port}`,
    HOST: "127.0.0.1",
    SECRET_KEY: "a test secret of more than thirty-two characters",
    LOG_LEVEL: "warn",
    ...environment,
  };
  const administration = await openAdministration(shared);
  const nodes = ports.map((port) =>
    createNode({ NODE_ENV: "production", ...shared, PORT: String(port) }),
  );
  await Promise.all(nodes.map((node) => node.start()));
  return {
    ...administration,
    nodes,
    balancer,
    environment: shared,
    async close() {
      await Promise.all(nodes.map((node) => node.stop("SIGKILL")));
      await administration.close();
      await balancer.close();
    },
  };
}

/** Migrates, makes the person that tests sign in, and gives what changes accounts and clients. */
export async function openAdministration(environment: Record<string, string>): Promise<TestServer> {
  const config = loadConfig({ ...environment, DEMONSTRATION_DATA: "false" });
  const deployment = await openDeployment(config);
  const { logs, destination } = collectLogs();
  const logger = createLogger({ level: "debug", format: "json", destination });
  const app = await createApp({ config, ...deployment, clock: systemClock, logger });
  await app.createAccount({
    username: "ada",
    email: "ada@example.com",
    emailVerified: true,
    profile: { name: "Ada Example" },
    password: PASSWORD,
  });
  return {
    issuer: config.issuer,
    username: "ada",
    password: PASSWORD,
    config,
    app,
    database: deployment.database,
    logs,
    async close() {
      await app.close();
      await deployment.database.close();
    },
  };
}

function createNode(environment: Record<string, string>): ServerNode {
  const { host } = new URL(String(environment["ISSUER"]));
  const settings = { ...environment };
  let server: ServerProcess | undefined;
  return {
    output: () => server?.output() ?? "",
    request: (path, { headers = {}, ...rest } = {}) =>
      rawRequest(`http://127.0.0.1:${environment["PORT"]}${path}`, {
        headers: { Host: host, ...headers },
        ...rest,
      }),
    async start(changes = {}) {
      Object.assign(settings, changes);
      server = await spawnServer(settings);
    },
    stop: async (signal) => server?.stop(signal) ?? null,
  };
}
