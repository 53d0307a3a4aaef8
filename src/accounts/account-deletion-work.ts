import type { Logger } from "../lib/logger.js";
import { createOccasions } from "../lib/occasions.js";
import { workOnOccasions, type RunningWork } from "../lib/work-on-occasions.js";
import type { DeleteAccount } from "./delete-account.js";

export interface AccountDeletionWorkDeps {
  readonly deleteAccount: Pick<DeleteAccount, "deleteNext" | "subscribe">;
  readonly logger: Pick<Logger, "warn">;
}

/** 5 s: how soon what other processes asked for is done. */
const POLL_INTERVAL_MS = 5_000;

/** Deletes accounts whose time has come. */
export function startAccountDeletion(deps: AccountDeletionWorkDeps): RunningWork {
  const { deleteAccount, logger } = deps;
  const occasions = createOccasions(POLL_INTERVAL_MS);
  let isInterrupted = false;
  deleteAccount.subscribe(occasions.wake);

  async function deleteNextOrReport(): Promise<boolean> {
    try {
      const mayBeMore = await deleteAccount.deleteNext();
      isInterrupted = false;
      return mayBeMore;
    } catch (err) {
      if (!isInterrupted) logger.warn({ err }, "an account is not deleted yet: trying again");
      isInterrupted = true;
      return false;
    }
  }

  return workOnOccasions(occasions, deleteNextOrReport);
}
