import type { ResourceServerStore } from "../clients/resource-server-store.js";
import type { ChangeFeed } from "../lib/change-feed.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { RevocationStore } from "../tokens/revocation-store.js";
import { createRevocations, type Revocations } from "../tokens/revocations.js";
import type { Lifetimes } from "./lifetimes.js";

export interface ServerRevocationsDeps {
  readonly revocationRecords: RevocationStore;
  readonly resourceServers: Pick<ResourceServerStore, "list">;
  readonly settings: Lifetimes;
  /** Undefined: every check asks the store. */
  readonly changes: ChangeFeed | undefined;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
}

/** Revocations that last as long as what this server issues. */
export function createServerRevocations({
  revocationRecords,
  resourceServers,
  settings,
  ...deps
}: ServerRevocationsDeps): Revocations {
  return createRevocations({
    ...deps,
    store: revocationRecords,
    async findLongestTokenSeconds() {
      const lifetimes = (await resourceServers.list()).map((api) => api.accessTokenSeconds ?? 0);
      return Math.max(settings.accessTokenSeconds, ...lifetimes);
    },
    longestGrantSeconds: Math.max(settings.grantSeconds, settings.sessionAbsoluteSeconds),
  });
}
