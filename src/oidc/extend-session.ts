import type { Clock } from "../lib/clock.js";
import type { ChangeSession } from "./change-session.js";
import type { Lifetimes } from "./lifetimes.js";
import { readSession, type SessionFacts } from "./session-facts.js";

/** As if the session had been used now. @returns what it is by then; undefined when it has ended. */
export type ExtendSession = (session: SessionFacts) => Promise<SessionFacts | undefined>;

export interface ExtendSessionDeps {
  readonly changeSession: ChangeSession;
  readonly settings: Pick<Lifetimes, "sessionIdleSeconds" | "sessionAbsoluteSeconds">;
  readonly clock: Clock;
}

export function createExtendSession(deps: ExtendSessionDeps): ExtendSession {
  const { changeSession, settings, clock } = deps;

  return async ({ uid, signedInAtSeconds }) => {
    const changed = await changeSession(uid, (payload) => {
      const now = clock.nowSeconds();
      const leftSeconds = signedInAtSeconds + settings.sessionAbsoluteSeconds - now;
      const expiresInSeconds = Math.max(1, Math.min(settings.sessionIdleSeconds, leftSeconds));
      return { payload: { ...payload, exp: now + expiresInSeconds }, expiresInSeconds };
    });
    return changed && readSession(changed);
  };
}
