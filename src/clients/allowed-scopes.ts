import type { ResourceServer } from "./resource-server-store.js";

/**
 * The scopes of an API that a client may ask for; undefined when it may not ask for the API's tokens
 * at all. What is said of a client holds for an open API too, where all others may ask for
 * everything.
 */
export function allowedScopes(
  api: Pick<ResourceServer, "scopes" | "open" | "clients">,
  clientId: string,
): readonly string[] | undefined {
  const all = Object.keys(api.scopes);
  const own = Object.hasOwn(api.clients, clientId) ? api.clients[clientId] : undefined;
  if (own === undefined) return api.open ? all : undefined;
  return own === "all" ? all : all.filter((scope) => own.includes(scope));
}
