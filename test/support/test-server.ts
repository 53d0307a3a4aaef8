import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { createApp, type App } from "../../src/app.js";
import { openDeployment } from "../../src/deployment.js";
import type { Config } from "../../src/config/config.js";
import { loadConfig } from "../../src/config/load-config.js";
import { listen } from "../../src/http/listen.js";
import type { KeyTimes } from "../../src/keys/key-schedule.js";
import { systemClock, type Clock } from "../../src/lib/clock.js";
import { createLogger } from "../../src/lib/logger.js";
import { startEndingCompletion } from "../../src/sessions/ending-completion.js";
import { startMailDelivery } from "../../src/mail/mail-delivery.js";
import { startLogoutDelivery } from "../../src/sessions/logout-delivery.js";
import type { Database } from "../../src/storage/open-database.js";
import { freePort } from "./free-port.js";
import { sharedPages } from "./shared-pages.js";
import { createTestStores } from "./test-stores.js";

export interface TestServer {
  readonly issuer: string;
  readonly config: Config;
  readonly app: App;
  readonly database: Database;
  /** Every line logged so far, as objects. */
  readonly logs: Record<string, unknown>[];
  readonly password: string;
  readonly username: string;
  close(): Promise<void>;
}

export interface TestServerOptions {
  /** Settings by their environment names; ISSUER may contain `{port}`. */
  readonly environment?: Record<string, string>;
  readonly clock?: Clock;
  /** On SQLite whatever TEST_STORES says. So is a server with a clock of its own: Redis has another. */
  readonly embedded?: boolean;
  /** Tells clients of ended sessions, as every server process does beside its requests. */
  readonly deliversLogouts?: boolean;
  /** Hands mail to the server that SMTP_URL names, as every server process does. */
  readonly deliversMail?: boolean;
  readonly keyTimes?: Partial<KeyTimes>;
}

export const PASSWORD = "correct horse battery staple";

/** The whole server in this process, on a free port, on SQLite in a folder of its own unless DATABASE_URL says otherwise. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const port = await freePort();
  const dataDirectory = await mkdtemp(join(tmpdir(), "latchkey-test-"));
  const isEmbedded = options.embedded === true || options.clock !== undefined;
  const isGiven = options.environment?.["DATABASE_URL"] !== undefined;
  const stores = isEmbedded || isGiven ? undefined : await createTestStores();
  const environment: Record<string, string> = {
    ...stores?.environment,
    PORT: String(port),
    DATA_DIR: dataDirectory,
    SECRET_KEY: "a test secret of more than thirty-two characters",
    LOG_LEVEL: "debug",
    ...options.environment,
  };
  if (environment["ISSUER"] !== undefined) {
    environment["ISSUER"] = environment["ISSUER"].replace("{port}", String(port));
  }
  const config = loadConfig(environment);
  const { logs, destination } = collectLogs();
  const logger = createLogger({ level: "debug", format: "json", destination });
  const deployment = await openDeployment(config, { logger });
  const clock = options.clock ?? systemClock;
  const pages = sharedPages(config);
  const app = await createApp({
    config,
    ...(pages === undefined ? {} : { pages }),
    ...deployment,
    clock,
    logger,
    ...(options.keyTimes === undefined ? {} : { keyTimes: options.keyTimes }),
  });
  await app.createAccount({
    username: "ada",
    email: "ada@example.com",
    emailVerified: true,
    profile: { name: "Ada Example", given_name: "Ada", family_name: "Example", locale: "en" },
    password: PASSWORD,
  });
  const logoutDelivery =
    options.deliversLogouts === true ? startLogoutDelivery({ ...app, logger }) : undefined;
  const endingCompletion =
    options.deliversLogouts === true ? startEndingCompletion({ ...app, logger }) : undefined;
  const mailDelivery =
    options.deliversMail === true ? startMailDelivery({ ...app, logger }) : undefined;
  const listener = await listen({ ...config, handler: app.handler });
  return {
    issuer: config.issuer,
    config,
    app,
    database: deployment.database,
    logs,
    username: "ada",
    password: PASSWORD,
    async close() {
      await listener.drain(1000);
      await logoutDelivery?.stop();
      await endingCompletion?.stop();
      await mailDelivery?.stop();
      await app.close();
      await deployment.close();
      await stores?.drop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

export function collectLogs() {
  const logs: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().trim().split("\n")) {
        logs.push(JSON.parse(line) as Record<string, unknown>);
      }
      done();
    },
  });
  return { logs, destination };
}
