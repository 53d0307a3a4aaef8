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

/**
 * Remembers which session at a provider a session here began with. Not before: a session has its name
 * once somebody has signed in to it. The browser hears of the sign-in only when this is written.
 */
export function createRememberUpstream(deps: RememberUpstreamDeps): FinishAnswer {
  const { upstreamSessions, handleOf, settings, clock } = deps;

  function save(uid: string, { upstream, sealedIdToken }: LoginResult): Promise<void> | undefined {
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
  }

  return (ctx) => {
    const { route, session, entities } = ctx.oidc ?? {};
    if (route !== "resume" || session === undefined) return undefined;
    return save(session.uid, { ...entities?.Interaction?.result?.login });
  };
}

interface LoginResult extends Record<string, unknown> {
  readonly upstream?: SessionUpstream;
  readonly sealedIdToken?: string;
}
