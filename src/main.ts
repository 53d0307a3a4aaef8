/**
 * The server process: environment → configuration → stores → app → listen, and back again on a
 * signal. `latchkey serve` does the same.
 */
import "./lib/require-supported-node.js";
import { startAccountDeletion } from "./accounts/account-deletion-work.js";
import { createApp, type App } from "./app.js";
import { openDeployment } from "./deployment.js";
import type { Config } from "./config/config.js";
import { ConfigurationError, formatProblems } from "./config/configuration-error.js";
import { loadConfig } from "./config/load-config.js";
import { loadEnvironment } from "./config/load-environment.js";
import { declareApis } from "./clients/declared-apis.js";
import { ensureManagementApi } from "./clients/management-api.js";
import { createDemonstration, registerPlayground } from "./demonstration/create-demonstration.js";
import { formatBanner } from "./demonstration/format-banner.js";
import { listen, type Listener } from "./http/listen.js";
import { systemClock } from "./lib/clock.js";
import { LatchkeyError } from "./lib/errors.js";
import { startKeyUpkeep } from "./keys/start-key-upkeep.js";
import { createLogger, type Logger } from "./lib/logger.js";
import { releaseStartUpMemory } from "./lib/release-start-up-memory.js";
import { startEndingCompletion } from "./sessions/ending-completion.js";
import { startMailDelivery } from "./mail/mail-delivery.js";
import { startLogoutDelivery } from "./sessions/logout-delivery.js";
import { claimDataDirectory } from "./storage/data-directory.js";
import { startPurgeLoop } from "./storage/purge-loop.js";

/** 10 s: longer than any request takes, shorter than what supervisors wait before they kill. */
const DRAIN_MS = 10_000;
/** 5 s more for stores and threads; then the process ends without them. */
const CLOSE_MS = 5_000;
const PURGE_INTERVAL_MS = 60_000;
const PURGE_BATCH_SIZE = 1000;

/** Runs until a signal ends it. Problems with the configuration end it before anything listens. */
export async function serve(): Promise<void> {
  try {
    const { environment, problems } = loadEnvironment(process.cwd());
    const config = loadConfig(environment, problems);
    const format = config.mode === "production" ? "json" : "readable";
    await run(config, createLogger({ level: config.logLevel, format }));
  } catch (err) {
    if (!(err instanceof LatchkeyError)) throw err;
    process.stderr.write(
      err instanceof ConfigurationError ? formatProblems(err) : `latchkey: ${err.message}\n`,
    );
    process.exitCode = 1;
  }
}

async function run(config: Config, logger: Logger): Promise<void> {
  const closers: (() => unknown)[] = [];
  const closeAll = async () => {
    for (const close of closers.toReversed()) await close();
  };
  try {
    const embedded = config.databaseUrl.startsWith("sqlite:");
    if (embedded || config.secretKey === undefined) {
      const claim = claimDataDirectory(config.dataDirectory);
      closers.push(() => claim.release());
    }
    const deployment = await openDeployment(config, { logger });
    closers.push(() => deployment.close());
    const app = await createApp({ config, ...deployment, clock: systemClock, logger });
    closers.push(() => app.close());

    const purge = startPurgeLoop({
      stores: app.expiring,
      logger,
      intervalMs: PURGE_INTERVAL_MS,
      batchSize: PURGE_BATCH_SIZE,
    });
    closers.push(() => purge.stop());
    const logoutDelivery = startLogoutDelivery({ ...app, logger });
    closers.push(() => logoutDelivery.stop());
    const mailDelivery = startMailDelivery({ ...app, logger });
    closers.push(() => mailDelivery.stop());
    const accountDeletion = startAccountDeletion({ ...app, logger });
    closers.push(() => accountDeletion.stop());
    const endingCompletion = startEndingCompletion({ ...app, logger });
    closers.push(() => endingCompletion.stop());

    const keyUpkeep = startKeyUpkeep(app.keyUpkeep, logger);
    closers.push(() => keyUpkeep.stop());

    await assertNoDemonstration(config, app);
    const banner = await prepareDevelopment(config, app);
    await ensureManagementApi({ ...app, issuer: config.issuer });
    await declareApis(config.declaredApis, { ...app, logger });
    await app.resealUpstreamSecrets();
    await app.resealSecondSteps();
    await app.declareProviders();
    const listener = await listen({ ...config, handler: app.handler });
    if (banner !== undefined) process.stdout.write(banner);
    logger.info({ issuer: config.issuer, port: listener.port, mode: config.mode }, "listening");
    onSignals(() => shutDown({ listener, app, closeAll, logger }));
    await releaseStartUpMemory();
  } catch (err) {
    await closeAll();
    throw err;
  }
}

async function prepareDevelopment(config: Config, app: App): Promise<string | undefined> {
  if (config.mode !== "development" || !config.demonstrationData) return undefined;
  const deps = { ...app, issuer: config.issuer };
  const demonstration = await createDemonstration(deps);
  app.setPlaygroundSecret(await registerPlayground(deps));
  return formatBanner({ ...config, demonstration });
}

/** A password that stood in a terminal of a trial must not open a production server. */
async function assertNoDemonstration(config: Config, app: App): Promise<void> {
  if (config.mode !== "production") return;
  const count =
    (await app.accounts.listDemonstration()).length +
    (await app.clients.listDemonstration()).length;
  if (count === 0) return;
  throw new LatchkeyError(
    "demonstration_data",
    `The database holds ${count} accounts and clients made for demonstration. Remove them with: latchkey demonstration remove`,
  );
}

function onSignals(shutDownOnce: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      // The second signal is from somebody who does not want to wait.
      if (stopping) process.exit(1);
      stopping = true;
      void shutDownOnce();
    });
  }
}

interface RunningServer {
  readonly listener: Listener;
  readonly app: App;
  readonly closeAll: () => Promise<void>;
  readonly logger: Logger;
}

async function shutDown({ listener, app, closeAll, logger }: RunningServer): Promise<void> {
  const overdue = setTimeout(() => {
    logger.error("stopping took too long: ending now");
    process.exit(1);
  }, DRAIN_MS + CLOSE_MS);
  overdue.unref();
  try {
    logger.info("stopping: finishing requests under way");
    app.drain();
    const finished = await listener.drain(DRAIN_MS);
    await closeAll();
    logger.info({ finished }, "stopped");
  } catch (err) {
    logger.error({ err }, "stopping failed");
    process.exitCode = 1;
  }
}

if (import.meta.main) await serve();
