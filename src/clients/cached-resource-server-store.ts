import type { ChangeFeed } from "../lib/change-feed.js";
import { createReadCache } from "../lib/read-cache.js";
import { normalizeResourceIdentifier } from "./resource-identifier.js";
import type { ResourceServerStore } from "./resource-server-store.js";

/** The same store, whose finds keep what they read (`ReadCache`) if changes are told. */
export function createCachedResourceServerStore(
  resourceServers: ResourceServerStore,
  changes: ChangeFeed | undefined,
): ResourceServerStore {
  if (changes === undefined) return resourceServers;
  const cache = createReadCache({
    table: "resource_server",
    read: (identifier) => resourceServers.find(identifier),
    changes,
  });
  /** Which one it is, and that there is none. */
  const defaultCache = createReadCache({
    table: "resource_server_default",
    read: async () => ({ identifier: (await resourceServers.findDefault())?.identifier }),
    changes,
  });
  /** Forgets all: a new default changes the one before, and registering is rare. */
  const write = <Result>(work: () => Promise<Result>) =>
    defaultCache.write(undefined, () => cache.write(undefined, work));

  async function find(identifier: string) {
    const kept = normalizeResourceIdentifier(identifier);
    const isUsual = identifier.replace(/\/+$/, "") === kept;
    // Changes are told of identifiers as they are stored.
    return isUsual ? cache.find(kept) : resourceServers.find(identifier);
  }

  return {
    ...resourceServers,
    find,
    async findDefault() {
      const identifier = (await defaultCache.find("default"))?.identifier;
      return identifier === undefined ? undefined : find(identifier);
    },
    create: (resourceServer) => write(() => resourceServers.create(resourceServer)),
    update: (identifier, change) => write(() => resourceServers.update(identifier, change)),
    delete: (identifier) => write(() => resourceServers.delete(identifier)),
  };
}
