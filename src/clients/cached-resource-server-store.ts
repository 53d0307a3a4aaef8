import type { ChangeFeed } from "../lib/change-feed.js";
import { createReadCache } from "../lib/read-cache.js";
import { normalizeResourceIdentifier, type ResourceServerStore } from "./resource-server-store.js";

/** The same store, whose `find` keeps what it read (`ReadCache`) if changes are told. */
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
  const keyOf = normalizeResourceIdentifier;
  return {
    ...resourceServers,
    find: (identifier) => cache.find(keyOf(identifier)),
    create: (resourceServer) =>
      cache.write(keyOf(resourceServer.identifier), () => resourceServers.create(resourceServer)),
    delete: (identifier) =>
      cache.write(keyOf(identifier), () => resourceServers.delete(identifier)),
  };
}
