/**
 * Traffic of every kind with lifetimes of seconds, then the wait until all of it has expired. Redis'
 * memory and keys, the rows of PostgreSQL and the memory of the server must be where they began.
 *
 *   npm run soak [-- FLOWS [redis|postgres [no-devices]]]
 *
 * From 100,000 flows on devices are connected, too, whose codes are kept for 20 minutes, unless told.
 */
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../support/free-port.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startRedisServer } from "../support/redis-servers.js";
import { openAdministration } from "../support/server-nodes.js";
import { measure, type SoakMeasure, type SoakParts } from "../support/soak/measure-stores.js";
import { createSoakClients } from "../support/soak/soak-clients.js";
import { createSoakTraffic, type SoakTraffic } from "../support/soak/soak-traffic.js";
import { startSoakNode } from "../support/soak/start-soak-node.js";

const FLOWS = Number(process.argv[2] ?? 200_000);
const WITH_REDIS = process.argv[3] !== "postgres";
const WORKERS = 16;
/** Compiled code, pools and caches are as they stay. */
const WARM_UP_FLOWS = Math.max(1_000, FLOWS / 20);
/** Not while it warms up: nobody waits for 20 minutes before it begins. */
const DEVICE_EVERY = FLOWS >= 100_000 && process.argv[4] !== "no-devices" ? 500 : 0;
const REPORTS = 10;
/** A device code 20 min, a DPoP proof 5 min: what is kept longest; and a minute for the sweep. */
const EXPIRY_MS = { withDevices: 1_260_000, without: 360_000 };
const POLL_MS = 5_000;

/** How much more there may be at the end than at the start. */
const TOLERANCE: Record<keyof SoakMeasure, { readonly share: number; readonly more: number }> = {
  redisKeys: { share: 0, more: 0 },
  redisBytes: { share: 0.05, more: 262_144 },
  sqlRows: { share: 0, more: 0 },
  heapBytes: { share: 0.1, more: 2_097_152 },
  externalBytes: { share: 0.1, more: 2_097_152 },
  rssBytes: { share: 0.2, more: 16_777_216 },
};

const postgres = await startOwnPostgres();
const redis = WITH_REDIS ? await startRedisServer() : undefined;
const port = String(await freePort());
const environment = {
  PORT: port,
  ISSUER: `http://localhost:${port}`,
  HOST: "127.0.0.1",
  SECRET_KEY: "a test secret of more than thirty-two characters",
  LOG_LEVEL: "error",
  DEMONSTRATION_DATA: "false",
  DATABASE_URL: postgres.url,
  ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
};
const administration = await openAdministration(environment);
const node = await startSoakNode(environment);
try {
  const parts = { node, redis, databaseUrl: postgres.url };
  const clients = await createSoakClients(administration);
  const traffic = await createSoakTraffic(administration, clients, WORKERS);
  const cold = await measure(parts);
  report("cold", cold);
  await traffic.run(WARM_UP_FLOWS);
  const start = await measureWhenExpired(parts, cold, EXPIRY_MS.without);
  report("start", start);
  await runWithReports(traffic, parts);
  const expiryMs = DEVICE_EVERY > 0 ? EXPIRY_MS.withDevices : EXPIRY_MS.without;
  const end = await measureWhenExpired(parts, start, expiryMs);
  traffic.close();
  report("end", end);
  process.exitCode = judge(start, end) && traffic.surprises.length === 0 ? 0 : 1;
  for (const surprise of traffic.surprises) console.log(`SURPRISE: ${surprise}`);
} finally {
  await node.stop();
  await administration.close();
  await redis?.stop();
  await postgres.close();
}

async function runWithReports(traffic: SoakTraffic, parts: SoakParts): Promise<void> {
  const startedAt = performance.now();
  const [flows, requests] = [traffic.flows, traffic.requests];
  for (let part = 1; part <= REPORTS; part++) {
    await traffic.run(FLOWS / REPORTS, DEVICE_EVERY);
    report(`${traffic.flows - flows} flows`, await measure(parts));
  }
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${traffic.flows - flows} flows, ${traffic.requests - requests} requests in ${Math.round(seconds)} s`,
  );
}

/** As soon as no more is left than there was; at the latest when all must be gone. */
async function measureWhenExpired(
  parts: SoakParts,
  before: SoakMeasure,
  expiryMs: number,
): Promise<SoakMeasure> {
  const endsAt = performance.now() + expiryMs;
  for (;;) {
    await delay(POLL_MS);
    const now = await measure(parts);
    const isGone = now.redisKeys <= before.redisKeys && now.sqlRows <= before.sqlRows;
    if (isGone || performance.now() > endsAt) return now;
  }
}

function report(title: string, measured: SoakMeasure): void {
  const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`.padStart(10);
  console.log(
    `${title.padEnd(14)} Redis ${String(measured.redisKeys).padStart(7)} keys ${megabytes(measured.redisBytes)}`,
    `  SQL ${String(measured.sqlRows).padStart(7)} rows`,
    `  server heap ${megabytes(measured.heapBytes)}  external ${megabytes(measured.externalBytes)}  resident ${megabytes(measured.rssBytes)}`,
  );
}

function judge(start: SoakMeasure, end: SoakMeasure): boolean {
  const names = Object.keys(TOLERANCE) as (keyof SoakMeasure)[];
  const grown = names.filter((name) => {
    const { share, more } = TOLERANCE[name];
    return end[name] > start[name] * (1 + share) + more;
  });
  console.log(grown.length === 0 ? "all is where it began" : `GROWN: ${grown.join(", ")}`);
  return grown.length === 0;
}
