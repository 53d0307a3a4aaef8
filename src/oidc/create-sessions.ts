import type { ConsentStore } from "../accounts/consent-store.js";
import type { ClientStore } from "../clients/client-store.js";
import type { Clock } from "../lib/clock.js";
import type { Audit } from "../lib/audit.js";
import type { CookieSignatures } from "../lib/cookie-signatures.js";
import type { Sealer } from "../lib/seal.js";
import type { EndingStore } from "../sessions/ending-store.js";
import type { Revocations } from "../tokens/revocations.js";
import type { AccountStore } from "../accounts/account-store.js";
import { createChangeSession } from "./change-session.js";
import { createFindCurrentSession, type FindCurrentSession } from "./current-session.js";
import { createExtendSession, type ExtendSession } from "./extend-session.js";
import { createFindSessionOfToken, type FindSessionOfToken } from "./session-of-token.js";
import { createClearSessions } from "./clear-sessions.js";
import { createListApps, type ListApps } from "./connected-apps.js";
import type { RunningProvider } from "./create-provider.js";
import { createEndAccess, type EndAccess } from "./end-access.js";
import { createEndOthers } from "./end-others.js";
import { createEndSessions, type EndSessions } from "./end-sessions.js";
import { createSessionIdOf } from "./id-at-rest.js";
import { createIsEnded } from "./is-ended.js";
import type { Lifetimes } from "./lifetimes.js";
import type { ModelStore } from "./model-store.js";
import type { ModelValues } from "./model-values.js";
import { createSessionDirectory, type SessionDirectory } from "./session-directory.js";

export interface SessionsDeps extends Pick<RunningProvider, "provider" | "backchannelLogout"> {
  readonly models: ModelStore;
  readonly accounts: AccountStore;
  readonly consents: ConsentStore;
  readonly clients: ClientStore;
  readonly endings: EndingStore;
  readonly revocations: Revocations;
  readonly values: ModelValues;
  readonly cookieSignatures: CookieSignatures;
  readonly sealer: Sealer;
  readonly settings: Lifetimes;
  readonly clock: Clock;
  readonly audit: Audit;
}

/** What sees and ends the sessions that a provider makes. */
export interface Sessions {
  readonly sessionDirectory: SessionDirectory;
  readonly listApps: ListApps;
  readonly endAccess: EndAccess;
  readonly endSessions: EndSessions;
  readonly findCurrentSession: FindCurrentSession;
  readonly findSessionOfToken: FindSessionOfToken;
  readonly extendSession: ExtendSession;
}

export function createSessions(deps: SessionsDeps): Sessions {
  const sessionIdOf = createSessionIdOf(deps);
  const isEnded = createIsEnded(deps);
  const sessionDirectory = createSessionDirectory({ ...deps, sessionIdOf, isEnded });
  const endAccess = createEndAccess(deps);
  const changeSession = createChangeSession({ ...deps, sessionIdOf });
  const clearSessions = createClearSessions({ ...deps, changeSession, sessionIdOf });
  return {
    sessionDirectory,
    endAccess,
    listApps: createListApps({ ...deps, isEnded }),
    findCurrentSession: createFindCurrentSession({
      ...deps,
      sessionCookie: deps.provider.cookieName("session"),
      isEnded,
    }),
    findSessionOfToken: createFindSessionOfToken(sessionDirectory),
    extendSession: createExtendSession({ ...deps, changeSession }),
    endSessions: createEndSessions({
      ...deps,
      sessionDirectory,
      clearSessions,
      endAccess,
      endOthers: createEndOthers({ ...deps, endAccess, clearSessions }),
    }),
  };
}
