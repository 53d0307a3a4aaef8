import type { Logger } from "../lib/logger.js";
import type { KeyUpkeep } from "./key-upkeep.js";

/** 1 min, give or take half of it: nodes seldom make the same key at once. */
const INTERVAL_MS = 60_000;

export interface RunningKeyUpkeep {
  /** Resolves when the step under way is done; no other follows. */
  stop(): Promise<void>;
}

/** Does what is due now and then about every minute. One that fails is tried again at the next. */
export function startKeyUpkeep(
  upkeep: Pick<KeyUpkeep, "run">,
  logger: Pick<Logger, "warn">,
): RunningKeyUpkeep {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    try {
      await upkeep.run();
    } catch (err) {
      logger.warn({ err }, "the upkeep of signing keys failed");
    }
    if (!stopped) schedule();
  }

  function schedule(): void {
    timer = setTimeout(
      () => {
        running = run();
      },
      INTERVAL_MS * (0.5 + Math.random()),
    );
    timer.unref();
  }

  let running = run();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
