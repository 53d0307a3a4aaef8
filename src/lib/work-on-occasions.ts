import type { Occasions } from "./occasions.js";

export interface RunningWork {
  /** Begins nothing more; resolves when the call under way has ended. */
  stop(): Promise<void>;
}

/**
 * Calls `workNext` again while it says that there may be more, and else on the next occasion.
 *
 * @param workNext must not reject.
 */
export function workOnOccasions(
  occasions: Occasions,
  workNext: () => Promise<boolean>,
): RunningWork {
  const stopping = new AbortController();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (!(await workNext())) await occasions.next();
    }
  }

  const running = run();

  return {
    async stop() {
      stopping.abort();
      occasions.wake();
      await running;
    },
  };
}
