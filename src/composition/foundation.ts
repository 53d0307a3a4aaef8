import { managementApiIdentifier } from "../clients/management-api.js";
import type { Config } from "../config/config.js";
import type { Deployment } from "../deployment.js";
import type { KeyTimes } from "../keys/key-schedule.js";
import { createAudit } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import { deriveSecrets } from "../lib/derived-secrets.js";
import type { Logger } from "../lib/logger.js";
import { createStores } from "../storage/create-stores.js";
import { createActivity } from "./activity.js";
import type { Pages } from "./pages.js";

export interface AppDeps extends Omit<Deployment, "close"> {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Loaded before; undefined: the app loads them. Several apps may share them. */
  readonly pages?: Pages;
  /** For tests that cannot wait. */
  readonly keyTimes?: Partial<KeyTimes>;
}

/** What every other part stands on. */
export type Foundation = ReturnType<typeof createFoundation>;

export function createFoundation(deps: AppDeps) {
  const { config, secretKeys, logger } = deps;
  const { issuer } = config;
  const stores = createStores(deps);
  return {
    ...deps,
    stores,
    secrets: deriveSecrets(secretKeys),
    ...createActivity({ ...deps, stores, audit: createAudit(logger) }),
    settings: config,
    issuer,
    managementApi: managementApiIdentifier(issuer),
    /** Path of the issuer without a slash at its end; "" at the root of the host. */
    basePath: new URL(issuer).pathname.replace(/\/$/, ""),
  };
}
