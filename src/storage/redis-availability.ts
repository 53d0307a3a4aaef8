import type { Cluster, Redis } from "ioredis";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import { describeSilence, findRefusal, reasonOf } from "./redis-start-problem.js";
import type { RedisTarget } from "./redis-url.js";

/** Where clients say what went wrong; the last two are of Clusters and of sentinels. */
const ERROR_EVENTS = ["error", "node error", "sentinelError"];

const WARNING_INTERVAL_MS = 10_000;

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly logger?: Pick<Logger, "warn"> | undefined;
}

/**
 * Connects, and lets the client try again until Redis answers or the time is up.
 *
 * @throws LatchkeyError `redis_unusable` at once when trying again can't help; `redis_unavailable`
 */
export async function waitUntilReady(
  client: Redis | Cluster,
  target: RedisTarget,
  { timeoutMs, logger }: WaitOptions,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let lastError: unknown;
  const onError = (err: unknown) => {
    if (lastError === undefined) {
      logger?.warn(
        { redis: target.location, reason: reasonOf(err) },
        `Redis does not answer yet: trying for ${timeoutMs / 1000} s`,
      );
    }
    if (!isSummary(err)) lastError = err;
    const refusal = findRefusal(target, err);
    if (refusal !== undefined) reject(refusal);
  };
  const timer = setTimeout(() => reject(new Error("time is up")), timeoutMs);
  client.once("ready", resolve);
  for (const event of ERROR_EVENTS) client.on(event, onError);
  try {
    // It rejects without the reason, which comes as an event, and goes on trying.
    client.connect().catch(() => {});
    await promise;
  } catch (err) {
    throw err instanceof LatchkeyError ? err : await describeSilence(target, lastError);
  } finally {
    clearTimeout(timer);
    for (const event of ERROR_EVENTS) client.off(event, onError);
  }
}

/** Follows what each sentinel said, and says less. */
function isSummary(err: unknown): boolean {
  return err instanceof Error && err.message.startsWith("All sentinels are unreachable");
}

/**
 * A line for each loss and each return; while it lasts, a line now and then with the reason.
 *
 * @returns what stops it.
 */
export function logOutages(
  client: Redis | Cluster,
  location: string,
  logger: Pick<Logger, "info" | "warn">,
): () => void {
  let isLost = false;
  let warnedAtMs = -Infinity;
  let lastError: unknown;
  const warn = () => {
    const nowMs = performance.now();
    if (nowMs - warnedAtMs < WARNING_INTERVAL_MS) return;
    warnedAtMs = nowMs;
    logger.warn({ redis: location, reason: reasonOf(lastError) }, "Redis fails: trying again");
  };
  const onError = (err: unknown) => {
    lastError = err;
    warn();
  };
  const onClose = () => {
    isLost = true;
    warn();
  };
  const onReady = () => {
    if (isLost) logger.info({ redis: location }, "Redis answers again");
    isLost = false;
    warnedAtMs = -Infinity;
    lastError = undefined;
  };
  for (const event of ERROR_EVENTS) client.on(event, onError);
  client.on("close", onClose).on("ready", onReady);
  return () => {
    for (const event of ERROR_EVENTS) client.off(event, onError);
    client.off("close", onClose).off("ready", onReady);
  };
}
