import { AsyncLocalStorage } from "node:async_hooks";
import { Provider, type Client } from "oidc-provider";
import type { ClientRecord, ClientStore } from "../clients/client-store.js";

export interface ValidatedClients {
  /** For the library's adapter: does not read again what the search around it has read. */
  readonly clients: ClientStore;
  /** Replaces `Client.find` of the library. */
  keepFor(provider: Provider): void;
}

const MANAGEMENT_ROUTES = new Set(["client", "client_update", "client_delete"]);

interface Search {
  readonly clientId: string;
  readonly record: ClientRecord | undefined;
}

/**
 * Keeps each client as the library made it, with the keys that it fetched for it, for as long as the
 * store gives the same record. The library itself keeps about 100; beyond that it checks the whole
 * metadata again in every request and fetches the keys again.
 */
export function createValidatedClients(clients: ClientStore): ValidatedClients {
  const validated = new WeakMap<ClientRecord, Promise<Client | undefined>>();
  const searches = new AsyncLocalStorage<Search>();

  function keepFor(provider: Provider): void {
    // Clients that are in no store are still the library's own matter.
    const find = provider.Client.find.bind(provider.Client);

    async function findKept(clientId: unknown): Promise<Client | undefined> {
      if (typeof clientId !== "string" || clientId === "") return undefined;
      const record = await (isManaged() ? clients.findLatest(clientId) : clients.find(clientId));
      const kept = record === undefined ? undefined : validated.get(record);
      if (kept !== undefined) return kept;
      const client = searches.run({ clientId, record }, () => find(clientId));
      if (record !== undefined) keep(record, client);
      return client;
    }

    Object.assign(provider.Client, { find: findKept });
  }

  function keep(record: ClientRecord, client: Promise<Client | undefined>): void {
    validated.set(record, client);
    // Whoever waits for it is told why; it may be valid the next time (`sector_identifier_uri`).
    client.catch(() => validated.delete(record));
  }

  return {
    clients: {
      ...clients,
      async find(clientId) {
        const search = searches.getStore();
        return search?.clientId === clientId ? search.record : clients.find(clientId);
      },
    },
    keepFor,
  };
}

/** Whether a client reads or changes its registration (RFC 7592): it sees what it wrote elsewhere. */
function isManaged(): boolean {
  return MANAGEMENT_ROUTES.has(Provider.ctx?.oidc?.route ?? "");
}
