import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "../lib/logger.js";

/** Stores without expiry of their own are swept; returns how many records went. */
export interface ExpiredPurge {
  purgeExpired(batchSize: number): Promise<number>;
}

export interface PurgeLoopOptions {
  /** Swept one after the other. */
  readonly stores: readonly ExpiredPurge[];
  readonly logger: Pick<Logger, "warn">;
  /** From the end of one sweep to the start of the next. */
  readonly intervalMs: number;
  /** Records deleted in one step; bounds how long a step keeps others waiting. */
  readonly batchSize: number;
}

export interface PurgeLoop {
  /** Resolves when the step under way is done; no other follows. */
  stop(): Promise<void>;
}

/**
 * Sweeps expired records now and then every `intervalMs`: batch after batch until one is not full.
 * A sweep never overlaps another, and one that fails is logged and tried again at the next interval.
 */
export function startPurgeLoop({
  stores,
  logger,
  intervalMs,
  batchSize,
}: PurgeLoopOptions): PurgeLoop {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function purgeAll(store: ExpiredPurge): Promise<void> {
    if (stopped || (await store.purgeExpired(batchSize)) < batchSize) return;
    // SQLite works in this thread: requests that wait go first.
    await nextTurn();
    await purgeAll(store);
  }

  async function sweep(): Promise<void> {
    for (const store of stores) {
      try {
        await purgeAll(store);
      } catch (err) {
        logger.warn({ err }, "purging expired records failed");
      }
    }
    if (!stopped) schedule();
  }

  function schedule(): void {
    timer = setTimeout(() => {
      sweeping = sweep();
    }, intervalMs);
    timer.unref();
  }

  let sweeping = sweep();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await sweeping;
    },
  };
}
