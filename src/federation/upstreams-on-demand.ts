import type { Upstreams, UpstreamsDeps } from "./upstreams.js";

/**
 * The same, loaded with the first use: `openid-client` takes 6 MB and 80 ms, which a server without
 * providers and most commands need not spend.
 */
export function createUpstreamsOnDemand(deps: UpstreamsDeps): Upstreams {
  let loading: Promise<Upstreams> | undefined;
  const load = () =>
    (loading ??= import("./upstreams.js").then(({ createUpstreams }) => createUpstreams(deps)));
  return {
    upstreamClient: {
      begin: async (provider, options) => (await load()).upstreamClient.begin(provider, options),
      finish: async (provider, answer, attempt) =>
        (await load()).upstreamClient.finish(provider, answer, attempt),
    },
    upstreamKeys: {
      read: async (provider, isNewWanted) =>
        (await load()).upstreamKeys.read(provider, isNewWanted),
    },
    findEndSessionEndpoint: async (provider) => (await load()).findEndSessionEndpoint(provider),
    suggestAuthentication: async (provider) => (await load()).suggestAuthentication(provider),
    diagnoseProvider: async (provider) => (await load()).diagnoseProvider(provider),
  };
}
