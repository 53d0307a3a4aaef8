import { Provider, errors } from "oidc-provider";
import type { IsEnded } from "./is-ended.js";
import type { ModelPayload, ModelStore } from "./model-store.js";
import type { RevokeBefore } from "./revoke-before.js";

/**
 * For a request that has just written a session: refuses it when the session had ended before.
 *
 * Whoever ends a session first records that, then lists what hangs on it. Whoever adds to a session
 * first writes, then looks here. So one of them sees the other, at whichever nodes they are, and no
 * grant is left of a sign-in or consent that was completed while everything ended.
 *
 * @param grantIds that the session did not have before; they end.
 * @throws `login_required`
 */
export type RefuseLate = (payload: ModelPayload, grantIds: readonly string[]) => Promise<void>;

export interface RefuseLateDeps {
  readonly isEnded: Pick<IsEnded, "sessionNow">;
  readonly revokeBefore: RevokeBefore;
  readonly models: Pick<ModelStore, "revokeByGrantId" | "destroy">;
}

export function createRefuseLate({ isEnded, revokeBefore, models }: RefuseLateDeps): RefuseLate {
  return async (payload, grantIds) => {
    // What it had before, those who end it see without us.
    if (grantIds.length === 0 || !(await isEnded.sessionNow(payload))) return;
    for (const id of grantIds) {
      await revokeBefore({ subject: "grant", id });
      await models.revokeByGrantId(id);
      await models.destroy("Grant", id);
    }
    throw sessionEnded();
  };
}

/** What a request of a session that has ended meanwhile is told. */
export function sessionEnded(): Error {
  const session = Provider.ctx?.oidc.session;
  // So that the library does not try to save it once more.
  if (session !== undefined) Object.assign(session, { destroyed: true });
  return new errors.LoginRequired("the session has ended meanwhile");
}
