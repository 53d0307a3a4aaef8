import type { ChangeFeed } from "../lib/change-feed.js";
import type { Logger } from "../lib/logger.js";

export interface FollowOptions {
  /** Reads all rows. */
  readonly read: () => Promise<void>;
  /** Called twice a second and after each read: the time may have changed something, too. */
  readonly onTick: () => void;
  readonly changes: ChangeFeed | undefined;
  readonly logger: Pick<Logger, "warn">;
}

export interface Following {
  /** Resolves when all that was written before the call has been read. */
  refresh(): Promise<void>;
  /** No read goes on after it. */
  close(): Promise<void>;
}

/** 500 ms: without a feed, what others write counts within a second. */
const TICK_MS = 500;
/** 5 s, though every change is told: one that a trigger does not see must not be missed for ever. */
const READ_INTERVAL_WITH_FEED_MS = 5_000;

/**
 * Keeps up with what any process writes to `signing_key`. While the database is away, what was read
 * last stays: the times in it still hold.
 */
export function followSigningKeys({ read, onTick, changes, logger }: FollowOptions): Following {
  let readAtMs = performance.now();
  let running: Promise<void> | undefined;
  let isFailing = false;
  let isClosed = false;

  async function refresh(): Promise<void> {
    // A read under way may have begun before the write that the caller knows of.
    await running?.catch(() => {});
    running ??= readOnce().finally(() => (running = undefined));
    await running;
  }

  async function readOnce(): Promise<void> {
    readAtMs = performance.now();
    await read();
    isFailing = false;
    if (!isClosed) onTick();
  }

  function refreshInBackground(): void {
    refresh().catch((err: unknown) => {
      if (!isFailing && !isClosed) {
        logger.warn({ err }, "signing keys cannot be read: those known stay in use");
      }
      isFailing = true;
    });
  }

  function tick(): void {
    onTick();
    const intervalMs = changes?.isCurrent() === true ? READ_INTERVAL_WITH_FEED_MS : TICK_MS;
    // Timers are not exact: half a tick early is better than half a tick late.
    const isDue = performance.now() - readAtMs >= intervalMs - TICK_MS / 2;
    if (isDue && running === undefined) refreshInBackground();
  }

  const timer = setInterval(tick, TICK_MS);
  timer.unref();
  changes?.subscribe({
    changed: ({ table }) => {
      if (table === "signing_key" && !isClosed) refreshInBackground();
    },
    missed: () => {
      if (!isClosed) refreshInBackground();
    },
  });

  return {
    refresh,
    async close() {
      isClosed = true;
      clearInterval(timer);
      await running?.catch(() => {});
    },
  };
}
