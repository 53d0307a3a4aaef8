import { createSplitModelStore } from "../oidc/split-model-store.js";
import { createInsuredAttemptStore } from "./insured-attempt-store.js";
import { createMemoryAttemptStore } from "./memory-attempt-store.js";
import type { RedisConnection } from "./open-redis.js";
import { createRedisAttemptStore } from "./redis-attempt-store.js";
import { createRedisModelStore } from "./redis-model-store.js";
import { createSqlAttemptStore } from "./sql-attempt-store.js";
import { createSqlModelStore } from "./sql-model-store.js";
import { createSqlStores, type SqlStoresDeps } from "./sql-stores.js";

export interface StoresDeps extends SqlStoresDeps {
  /** Undefined: the database carries all models. */
  readonly redis: RedisConnection | undefined;
}

/** Every store of a server, over its connections. */
export function createStores(deps: StoresDeps) {
  const { database, redis, clock } = deps;
  const sqlStores = createSqlStores(deps);
  const sqlModels = createSqlModelStore({ database, clock });
  const models =
    redis === undefined
      ? sqlModels
      : createSplitModelStore({ short: createRedisModelStore({ redis, clock }), long: sqlModels });
  const sqlAttempts = createSqlAttemptStore({ database, clock });
  const { logoutDeliveries, revocationRecords, statusLists, upstreamSessions } = sqlStores;
  const { accountEvents, mailStore, oneTimeCodeStore } = sqlStores;
  return {
    ...sqlStores,
    models,
    attempts: createInsuredAttemptStore(
      redis === undefined ? sqlAttempts : createRedisAttemptStore(redis),
      createMemoryAttemptStore(clock),
    ),
    /** What SQL keeps after its time is swept; Redis does that by itself. */
    expiring: [
      sqlModels,
      logoutDeliveries,
      revocationRecords,
      statusLists,
      upstreamSessions,
      mailStore,
      oneTimeCodeStore,
      sqlAttempts,
      accountEvents,
    ],
  };
}
