import type { ChangeFeed } from "../lib/change-feed.js";
import { createReadCache } from "../lib/read-cache.js";
import type { TokenExchangePolicyStore } from "./token-exchange-policy-store.js";

/** The same store, whose `findAllOf` keeps what it read (`ReadCache`) if changes are told. */
export function createCachedTokenExchangePolicyStore(
  policies: TokenExchangePolicyStore,
  changes: ChangeFeed | undefined,
): TokenExchangePolicyStore {
  if (changes === undefined) return policies;
  const cache = createReadCache({
    table: "token_exchange_policy",
    read: (clientId) => policies.findAllOf(clientId),
    changes,
  });
  return {
    ...policies,
    findAllOf: async (clientId) => (await cache.find(clientId)) ?? [],
    save: (policy) => cache.write(policy.clientId, () => policies.save(policy)),
    delete: (key) => cache.write(key.clientId, () => policies.delete(key)),
  };
}
