import {
  allowInsecureRequests,
  Configuration,
  customFetch,
  enableNonRepudiationChecks,
  type ServerMetadata,
} from "openid-client";
import {
  createClientAuthentication,
  type ClientAuthenticationDeps,
} from "./client-authentication.js";
import { createUpstreamFetch, type OutboundFetch, type UpstreamFetch } from "./upstream-fetch.js";
import { createUpstreamMetadata, isInsecure } from "./upstream-metadata.js";
import type { UpstreamProvider } from "./upstream-provider.js";

/** What the protocol with one provider needs, for one step of it. */
export interface UpstreamConnection {
  readonly configuration: Configuration;
  readonly metadata: ServerMetadata;
  readonly fetch: UpstreamFetch;
}

export interface UpstreamConnections {
  /** @throws FederationError */
  open(provider: UpstreamProvider): Promise<UpstreamConnection>;
}

export interface UpstreamConnectionsDeps extends ClientAuthenticationDeps {
  readonly outboundFetch: OutboundFetch;
}

/** 1 h: while its keys cannot be read, those of before are good for so long. */
const KEYS_USABLE_MS = 3_600_000;

/**
 * The library gets a configuration of its own for each step, so that it reads the provider's keys
 * with each sign-in: it would keep them for minutes, in which changed keys are refused.
 */
export function createUpstreamConnections(deps: UpstreamConnectionsDeps): UpstreamConnections {
  const fetch = createUpstreamFetch(deps.outboundFetch);
  const metadataOf = createUpstreamMetadata({ fetch });
  const keySets = new Map<string, { readonly body: string; readonly readAtMs: number }>();

  const fetchKeys: UpstreamFetch = async (url, options) => {
    const kept = keySets.get(url);
    const isUsable = kept !== undefined && performance.now() - kept.readAtMs < KEYS_USABLE_MS;
    try {
      const response = await fetch(url, options);
      if (response.status !== 200) return isUsable ? toKeySet(kept.body) : response;
      const body = await response.text();
      keySets.set(url, { body, readAtMs: performance.now() });
      return new Response(body, { status: 200, headers: response.headers });
    } catch (err) {
      if (isUsable) return toKeySet(kept.body);
      throw err;
    }
  };

  return {
    async open(provider) {
      const metadata = await metadataOf.load(provider);
      const authentication = await createClientAuthentication(provider, metadata, deps);
      const configuration = new Configuration(
        { ...metadata },
        provider.clientId,
        undefined,
        authentication,
      );
      const tokenFetch = provider.kind === "oauth" ? tellErrors(fetch) : fetch;
      configuration[customFetch] = (url, options) => {
        if (url === metadata.jwks_uri) return fetchKeys(url, options);
        return url === metadata.token_endpoint ? tokenFetch(url, options) : fetch(url, options);
      };
      if (isInsecure(provider.issuer)) allowInsecureRequests(configuration);
      if (provider.kind === "openid") enableNonRepudiationChecks(configuration);
      return { configuration, metadata, fetch };
    },
  };
}

function toKeySet(body: string): Response {
  return new Response(body, { status: 200, headers: { "content-type": "application/json" } });
}

/** GitHub answers 200 to what it refuses; RFC 6749 §5.2 has 400. */
function tellErrors(fetch: UpstreamFetch): UpstreamFetch {
  return async (url, options) => {
    const response = await fetch(url, options);
    if (response.status !== 200) return response;
    const body = await response.text();
    const status = /^\s*\{\s*"error"\s*:/.test(body) ? 400 : 200;
    return new Response(body, { status, headers: response.headers });
  };
}
