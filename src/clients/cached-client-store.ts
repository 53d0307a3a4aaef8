import type { ChangeFeed } from "../lib/change-feed.js";
import { createReadCache } from "../lib/read-cache.js";
import type { ClientStore } from "./client-store.js";

/**
 * The same store, whose `find` keeps what it read (`ReadCache`). Without a feed every call reads,
 * and still gives the same object for as long as the client stays the same.
 */
export function createCachedClientStore(
  clients: ClientStore,
  changes: ChangeFeed | undefined,
): ClientStore {
  const cache = createReadCache({
    table: "client",
    read: (clientId) => clients.find(clientId),
    changes,
  });
  return {
    ...clients,
    find: (clientId) => cache.find(clientId),
    findLatest: (clientId) => cache.findLatest(clientId),
    create: (client) => cache.write(client.clientId, () => clients.create(client)),
    saveRegistration: (clientId, metadata, secretHash) =>
      cache.write(clientId, () => clients.saveRegistration(clientId, metadata, secretHash)),
    changePolicy: (clientId, policy) =>
      cache.write(clientId, () => clients.changePolicy(clientId, policy)),
    setSecretHash: (clientId, secretHash) =>
      cache.write(clientId, () => clients.setSecretHash(clientId, secretHash)),
    delete: (clientId) => cache.write(clientId, () => clients.delete(clientId)),
    deleteDemonstration: () => cache.write(undefined, () => clients.deleteDemonstration()),
  };
}
