import type { UpstreamSessionStore } from "../federation/upstream-session-store.js";
import type { Clock } from "../lib/clock.js";
import type { FinishAnswer } from "./finish-answers.js";
import type { Lifetimes } from "./lifetimes.js";
import type { SessionDirectory } from "./session-directory.js";
import type { SessionUpstream } from "./session-upstream.js";

export interface RememberUpstreamDeps {
  readonly upstreamSessions: Pick<UpstreamSessionStore, "save">;
  readonly handleOf: SessionDirectory["handleOf"];
  readonly settings: Pick<Lifetimes, "sessionAbsoluteSeconds">;
  readonly clock: Clock;
}

/** What a session began with; `upstream` is undefined when it was nothing of another provider. */
export interface UpstreamBeginning {
  readonly upstream?: SessionUpstream | undefined;
  readonly sealedIdToken?: string | undefined;
  /** The session has been remembered with it before. */
  readonly continues?: true | undefined;
}

/** Writes which session at a provider the session here that is called `uid` began with. */
export type SaveUpstreamSession = (
  uid: string,
  beginning: UpstreamBeginning,
) => Promise<void> | undefined;

export function createSaveUpstreamSession(deps: RememberUpstreamDeps): SaveUpstreamSession {
  const { upstreamSessions, handleOf, settings, clock } = deps;
  return (uid, { upstream, sealedIdToken }) => {
    if (upstream === undefined) return undefined;
    const { providerId, subject, sid } = upstream;
    const now = clock.nowSeconds();
    return upstreamSessions.save({
      handle: handleOf({ uid }),
      providerId,
      subject,
      sid,
      sealedIdToken,
      beganAtSeconds: now,
      expiresAtSeconds: now + settings.sessionAbsoluteSeconds,
    });
  };
}

/**
 * Does so at the end of a sign-in to an application. Not before: a session has its name once somebody
 * has signed in to it. The browser hears of the sign-in only when this is written.
 */
export function createRememberUpstream(save: SaveUpstreamSession): FinishAnswer {
  return (ctx) => {
    const { route, session, entities } = ctx.oidc ?? {};
    if (route !== "resume" || session === undefined) return undefined;
    const login: UpstreamBeginning & Record<string, unknown> = {
      ...entities?.Interaction?.result?.login,
    };
    return login.continues === true ? undefined : save(session.uid, login);
  };
}
