import { setTimeout as delay } from "node:timers/promises";
import type { ChangeFeed, ChangeListener } from "../lib/change-feed.js";
import type { Logger } from "../lib/logger.js";
import { openListeningConnection } from "./listening-connection.js";

export interface PostgresChangeFeedOptions {
  readonly url: string;
  /** Is told once when the feed is interrupted, and once when it is back. */
  readonly logger: Pick<Logger, "info" | "warn">;
}

/** How often the connection is asked whether it still tells everything. */
const CATCH_UP_INTERVAL_MS = 250;
/**
 * 750 ms: with the rest of a request, a change counts within a second even when the connection, or
 * this process, stood still at the wrong moment.
 */
const CURRENT_FOR_MS = 750;
const FIRST_RETRY_MS = 100;
/** 3 s: rows are kept shortly until then, but requests are answered. */
const LAST_RETRY_MS = 3_000;

/**
 * The changes that the triggers of migration 0002 tell of. Connects in the background and again
 * whenever the connection is lost.
 */
export function openPostgresChangeFeed({ url, logger }: PostgresChangeFeedOptions): ChangeFeed {
  const listeners: ChangeListener[] = [];
  const closing = new AbortController();
  const { signal } = closing;
  /** All that was committed before this has been told; undefined while nothing is. */
  let toldUntilMs: number | undefined;
  let isInterrupted = false;
  let retryMs = FIRST_RETRY_MS;

  function tell(payload: string): void {
    const [table = "", ...rest] = payload.split(" ");
    const key = rest.length === 0 ? undefined : rest.join(" ");
    for (const listener of listeners) listener.changed({ table, key });
  }

  /** Ends only by an error. */
  async function follow(): Promise<never> {
    const connection = await openListeningConnection({ url, tell, signal });
    try {
      for (const listener of listeners) listener.missed();
      for (;;) {
        const askedAtMs = performance.now();
        await connection.catchUp();
        toldUntilMs = askedAtMs;
        retryMs = FIRST_RETRY_MS;
        reportBack();
        await connection.pause(CATCH_UP_INTERVAL_MS);
      }
    } finally {
      toldUntilMs = undefined;
      connection.close();
    }
  }

  function reportBack(): void {
    if (isInterrupted) logger.info("changes in the database are told again");
    isInterrupted = false;
  }

  function reportLoss(err: unknown): void {
    if (!isInterrupted) {
      logger.warn({ err }, "changes in the database are not told: rows are read more often");
    }
    isInterrupted = true;
  }

  async function followUntilClosed(): Promise<void> {
    while (!signal.aborted) {
      try {
        await follow();
      } catch (err) {
        if (signal.aborted) return;
        reportLoss(err);
      }
      // Spread, so that nodes that lost their database together do not return together.
      await delay(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
      retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    }
  }

  const following = followUntilClosed();

  return {
    isCurrent: () => toldUntilMs !== undefined && performance.now() - toldUntilMs < CURRENT_FOR_MS,
    subscribe: (listener) => void listeners.push(listener),
    async close() {
      closing.abort();
      await following;
    },
  };
}
