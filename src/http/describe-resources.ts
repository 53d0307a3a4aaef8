import type { ResourceServerStore } from "../clients/resource-server-store.js";

/** What scopes of APIs allow, in the words of those who run them. */
export async function describeResources(
  resourceServers: Pick<ResourceServerStore, "find">,
  scopesByResource: Readonly<Record<string, readonly string[]>>,
): Promise<{ name: string; items: string[] }[]> {
  return Promise.all(
    Object.entries(scopesByResource).map(async ([identifier, scopes]) => {
      const api = await resourceServers.find(identifier);
      return {
        name: api?.name ?? identifier,
        items: scopes.map((scope) => api?.scopes[scope] ?? scope),
      };
    }),
  );
}
