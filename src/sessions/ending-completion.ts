/**
 * Completes endings that somebody else made true: a command, which opens no Redis, or a process that
 * died on the way. Every server process runs one, `main.ts` starts and stops it.
 */
import type { Logger } from "../lib/logger.js";
import type { ClaimedEnding, EndingStore } from "./ending-store.js";
import { createOccasions } from "../lib/occasions.js";
import { workOnOccasions, type RunningWork } from "../lib/work-on-occasions.js";

export interface EndingCompletionDeps {
  readonly endings: Pick<EndingStore, "claim">;
  readonly endSessions: { complete(ending: ClaimedEnding): Promise<unknown> };
  readonly logger: Pick<Logger, "warn">;
}

/** 60 s: all sessions of a large client take a while; after it another process begins again. */
const LEASE_SECONDS = 60;
/** 2 s: what ended is refused already; so soon it is deleted, and clients are told. */
const POLL_INTERVAL_MS = 2_000;

export function startEndingCompletion(deps: EndingCompletionDeps): RunningWork {
  const { endings, endSessions, logger } = deps;
  const occasions = createOccasions(POLL_INTERVAL_MS);
  let isInterrupted = false;

  /** @returns whether there may be more. */
  async function completeNext(): Promise<boolean> {
    try {
      const ending = await endings.claim(LEASE_SECONDS);
      if (ending !== undefined) await endSessions.complete(ending);
      isInterrupted = false;
      return ending !== undefined;
    } catch (err) {
      if (!isInterrupted) {
        logger.warn({ err }, "what ended is not cleared up yet: trying again");
      }
      isInterrupted = true;
      return false;
    }
  }

  return workOnOccasions(occasions, completeNext);
}
