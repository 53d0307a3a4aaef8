import { createRecordActivity } from "../accounts/record-activity.js";
import type { Config } from "../config/config.js";
import type { Audit } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { coarseNetworkOf } from "../oidc/device-facts.js";
import type { createStores } from "../storage/create-stores.js";

interface ActivityParts {
  readonly config: Config;
  readonly stores: Pick<ReturnType<typeof createStores>, "accountEvents">;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The audit log, which people see the part of that is theirs. */
export function createActivity({ config, stores, ...parts }: ActivityParts) {
  return createRecordActivity({
    ...parts,
    ...stores,
    networkOf: coarseNetworkOf,
    keptSeconds: config.activitySeconds,
  });
}
