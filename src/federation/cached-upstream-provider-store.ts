import type { ChangeFeed } from "../lib/change-feed.js";
import { createReadCache } from "../lib/read-cache.js";
import type { UpstreamProviderStore } from "./upstream-provider.js";

/** All of them are one value. */
const ALL = "all";

/** The same store, which keeps what it read (`ReadCache`) if changes are told. */
export function createCachedUpstreamProviderStore(
  stored: UpstreamProviderStore,
  changes: ChangeFeed | undefined,
): UpstreamProviderStore {
  if (changes === undefined) return stored;
  const cache = createReadCache({
    table: "upstream_provider",
    read: async () => ({ providers: await stored.list() }),
    changes,
  });
  const list = async () => (await cache.find(ALL))?.providers ?? [];
  return {
    list,
    find: async (id) => (await list()).find((provider) => provider.id === id),
    create: (provider) => cache.write(ALL, () => stored.create(provider)),
    update: (id, change) => cache.write(ALL, () => stored.update(id, change)),
    delete: (id) => cache.write(ALL, () => stored.delete(id)),
  };
}
