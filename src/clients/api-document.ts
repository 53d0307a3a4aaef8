import type { ResourceServer } from "./resource-server-store.js";

/** An API as it is shown to operators and written in the file that declares APIs. */
export function toApiDocument(api: ResourceServer) {
  return {
    identifier: api.identifier,
    name: api.name,
    scopes: api.scopes,
    access_token_format: api.accessTokenFormat,
    ...(api.accessTokenAlgorithm === undefined
      ? {}
      : { access_token_algorithm: api.accessTokenAlgorithm }),
    ...(api.accessTokenSeconds === undefined
      ? {}
      : { access_token_seconds: api.accessTokenSeconds }),
    default: api.default,
    open: api.open,
    clients: api.clients,
    status_list: api.statusList,
    publish_metadata: api.publishMetadata,
    claims: api.claims,
  };
}
