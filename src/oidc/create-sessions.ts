import type { ConsentStore } from "../accounts/consent-store.js";
import type { ClientStore } from "../clients/client-store.js";
import type { Clock } from "../lib/clock.js";
import type { Audit } from "../lib/audit.js";
import type { Sealer } from "../lib/seal.js";
import type { EndingStore } from "../sessions/ending-store.js";
import type { Revocations } from "../tokens/revocations.js";
import { createClearSessions } from "./clear-sessions.js";
import { createListApps, type ListApps } from "./connected-apps.js";
import type { RunningProvider } from "./create-provider.js";
import { createEndAccess, type EndAccess } from "./end-access.js";
import { createEndSessions, type EndSessions } from "./end-sessions.js";
import { createSessionIdOf } from "./id-at-rest.js";
import { createIsEnded } from "./is-ended.js";
import type { Lifetimes } from "./lifetimes.js";
import type { ModelStore } from "./model-store.js";
import type { ModelValues } from "./model-values.js";
import { createSessionDirectory, type SessionDirectory } from "./session-directory.js";

export interface SessionsDeps extends Pick<RunningProvider, "provider" | "backchannelLogout"> {
  readonly models: ModelStore;
  readonly consents: ConsentStore;
  readonly clients: ClientStore;
  readonly endings: EndingStore;
  readonly revocations: Revocations;
  readonly values: ModelValues;
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
}

export function createSessions(deps: SessionsDeps): Sessions {
  const sessionIdOf = createSessionIdOf(deps);
  const isEnded = createIsEnded(deps);
  const sessionDirectory = createSessionDirectory({ ...deps, sessionIdOf, isEnded });
  const endAccess = createEndAccess(deps);
  const clearSessions = createClearSessions({ ...deps, sessionIdOf });
  return {
    sessionDirectory,
    endAccess,
    listApps: createListApps({ ...deps, isEnded }),
    endSessions: createEndSessions({ ...deps, sessionDirectory, clearSessions, endAccess }),
  };
}
