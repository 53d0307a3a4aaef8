import { randomToken } from "../lib/random-token.js";
import type { SessionIdOf } from "./id-at-rest.js";
import type { ModelPayload, ModelStore, StoredSession } from "./model-store.js";

export interface SessionChange {
  readonly payload: ModelPayload;
  readonly expiresInSeconds: number;
}

/**
 * Changes a stored session as it is at this moment, so that nothing is lost of what the browser's
 * requests write at the same time, and nothing comes back that has ended.
 *
 * @param change gives undefined for nothing to change.
 * @returns what was written; undefined when it has ended, or nothing was changed.
 */
export type ChangeSession = (
  uid: string,
  change: (payload: ModelPayload) => SessionChange | undefined,
) => Promise<StoredSession | undefined>;

export interface ChangeSessionDeps {
  readonly models: Pick<ModelStore, "findSessionByUid" | "upsertTogether">;
  readonly sessionIdOf: SessionIdOf;
}

/** Of requests that write the session at the same time, one gets through each time. */
const MAX_TRIES = 50;
/** As `adapter.ts` makes them. */
const REVISION_BYTES = 9;

export function createChangeSession({ models, sessionIdOf }: ChangeSessionDeps): ChangeSession {
  return async (uid, change) => {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const found = await models.findSessionByUid(uid);
      const id = found && sessionIdOf(found);
      const changed = found && change(found);
      if (found === undefined || id === undefined || changed === undefined) return undefined;
      const { revision } = found;
      const payload = { ...changed.payload, revision: randomToken(REVISION_BYTES) };
      const { expiresInSeconds } = changed;
      const follows = typeof revision === "string" ? { id, revision } : undefined;
      const record = { model: "Session" as const, id, payload, expiresInSeconds, follows };
      if (await models.upsertTogether([record])) return { id, payload };
    }
    return undefined;
  };
}
