import { diagnoseProvider, suggestAuthentication } from "./diagnose-provider.js";
import type { ProviderFinding } from "./provider-finding.js";
import { createUpstreamClient, type UpstreamClient } from "./upstream-client.js";
import { createUpstreamConnections, type UpstreamConnectionsDeps } from "./upstream-connections.js";
import { createUpstreamKeys, type UpstreamKeys } from "./upstream-keys.js";
import type { UpstreamAuthentication, UpstreamProvider } from "./upstream-provider.js";
import type { Clock } from "../lib/clock.js";

/** Everything that asks providers something. */
export interface Upstreams {
  readonly upstreamClient: UpstreamClient;
  readonly upstreamKeys: UpstreamKeys;
  /** @throws FederationError */
  findEndSessionEndpoint(provider: UpstreamProvider): Promise<string | undefined>;
  suggestAuthentication(
    provider: Omit<UpstreamProvider, "version">,
  ): Promise<UpstreamAuthentication>;
  diagnoseProvider(provider: UpstreamProvider): Promise<ProviderFinding[]>;
}

export interface UpstreamsDeps extends UpstreamConnectionsDeps {
  readonly callbackUrl: string;
  readonly clock: Clock;
}

export function createUpstreams(deps: UpstreamsDeps): Upstreams {
  const connections = createUpstreamConnections(deps);
  const { callbackUrl, clock } = deps;
  return {
    upstreamClient: createUpstreamClient({ connections, callbackUrl, clock }),
    upstreamKeys: createUpstreamKeys({ connections }),
    findEndSessionEndpoint: async (provider) =>
      (await connections.open(provider)).metadata.end_session_endpoint,
    suggestAuthentication: (provider) => suggestAuthentication(provider, connections),
    diagnoseProvider: (provider) => diagnoseProvider(provider, { connections, callbackUrl }),
  };
}
