/**
 * A server process whose records live for seconds, which its settings do not allow, and which tells
 * its memory. Started by `startSoakNode`.
 */
import { createApp } from "../../../src/app.js";
import { loadConfig } from "../../../src/config/load-config.js";
import { openDeployment } from "../../../src/deployment.js";
import { listen } from "../../../src/http/listen.js";
import { systemClock } from "../../../src/lib/clock.js";
import { createLogger } from "../../../src/lib/logger.js";
import { startPurgeLoop } from "../../../src/storage/purge-loop.js";

export interface NodeMemory {
  readonly rssBytes: number;
  /** After the garbage collector ran. */
  readonly heapBytes: number;
  readonly externalBytes: number;
}

const LIFETIMES = {
  accessTokenSeconds: 10,
  refreshTokenSeconds: 20,
  grantSeconds: 90,
  sessionIdleSeconds: 60,
  sessionAbsoluteSeconds: 60,
};
const PURGE_INTERVAL_MS = 5_000;
const PURGE_BATCH_SIZE = 1_000;

const config = { ...loadConfig(process.env), ...LIFETIMES };
const logger = createLogger({ level: config.logLevel, format: "json" });
const deployment = await openDeployment(config, { logger });
const app = await createApp({ config, ...deployment, clock: systemClock, logger });
startPurgeLoop({
  stores: app.expiring,
  logger,
  intervalMs: PURGE_INTERVAL_MS,
  batchSize: PURGE_BATCH_SIZE,
});
await listen({ ...config, handler: app.handler });

process.on("message", () => process.send?.(measureMemory()));
process.on("disconnect", () => process.exit());
process.send?.("listening");

function measureMemory(): NodeMemory {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rssBytes: rss, heapBytes: heapUsed, externalBytes: external };
}
