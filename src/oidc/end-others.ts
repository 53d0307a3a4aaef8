import { setTimeout as wait } from "node:timers/promises";
import { LatchkeyError } from "../lib/errors.js";
import type { Clock } from "../lib/clock.js";
import type { EndingReason } from "../sessions/ending-store.js";
import type { Revocations } from "../tokens/revocations.js";
import type { ClearSessions } from "./clear-sessions.js";
import type { EndAccess } from "./end-access.js";
import type { ModelStore } from "./model-store.js";
import { grantsOf, readSession, type SessionFacts } from "./session-facts.js";

export interface EndOthersOptions {
  readonly reason: EndingReason;
  readonly includingOffline: boolean;
  /** This one stays, with its grants. */
  readonly except?: SessionFacts | undefined;
}

/**
 * Ends all sessions of an account but one, or all of them without offline access. What began is judged
 * by time, so that a sign-in which is under way is not missed, however late it is completed; what is
 * found is then ended by itself, with its tokens.
 *
 * @returns those that were found.
 */
export type EndOthers = (accountId: string, options: EndOthersOptions) => Promise<SessionFacts[]>;

export interface EndOthersDeps {
  readonly endAccess: Pick<EndAccess, "ofOthers">;
  readonly clearSessions: Pick<ClearSessions, "clear">;
  readonly models: Pick<ModelStore, "listSessions" | "listGrants">;
  readonly revocations: Pick<Revocations, "isRevokedNow">;
  readonly clock: Clock;
}

export function createEndOthers(deps: EndOthersDeps): EndOthers {
  const { endAccess, clearSessions, models, revocations, clock } = deps;

  /** Of two sessions that end each other, the one whose end was recorded first ends nothing. */
  async function assertLive({ uid, accountId, signedInAtSeconds }: SessionFacts): Promise<void> {
    const hasEnded = await revocations.isRevokedNow({
      itself: "session",
      sessionUid: uid,
      accountId,
      issuedAtSeconds: signedInAtSeconds,
    });
    if (!hasEnded) return;
    throw new LatchkeyError("session_ended", "this session has ended", { status: 401 });
  }

  return async (accountId, { reason, includingOffline, except }) => {
    if (except !== undefined) await assertLive(except);
    const kept = except && { uid: except.uid, grantIds: grantsOf(except, true) };
    const endedUntilSeconds = await endAccess.ofOthers(accountId, { kept, includingOffline });
    // From the store itself: what an attempt before has left is there, though it counts no more.
    const [stored, grants] = await Promise.all([
      models.listSessions(accountId),
      includingOffline ? models.listGrants(accountId) : [],
    ]);
    const sessions = stored
      .flatMap((each) => readSession(each) ?? [])
      .filter((each) => each.uid !== kept?.uid && each.signedInAtSeconds <= endedUntilSeconds);
    const grantIds = new Set([
      ...sessions.flatMap((session) => grantsOf(session, includingOffline)),
      ...grants
        .filter(({ payload }) => Number(payload["iat"] ?? 0) <= endedUntilSeconds)
        .map(({ id }) => id)
        .filter((id) => kept?.grantIds.includes(id) !== true),
    ]);
    await Promise.all([
      clearSessions.clear({ sessions, grantIds: [...grantIds], includingOffline, reason }),
      // A sign-in in this second cannot be told from one before.
      wait(1000 - (clock.nowMs() % 1000)),
    ]);
    return sessions;
  };
}
