import type { NewResourceServer, ResourceServer } from "./resource-server-store.js";

/** What is not said of a new API is off, and no client may ask for its tokens. */
export function completeResourceServer(given: NewResourceServer): ResourceServer {
  return {
    accessTokenAlgorithm: undefined,
    accessTokenSeconds: undefined,
    default: false,
    open: false,
    clients: {},
    statusList: false,
    publishMetadata: false,
    claims: {},
    managedBy: undefined,
    ...given,
  };
}
