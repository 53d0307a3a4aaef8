import { customFetch } from "openid-client";
import { FederationError } from "./federation-error.js";
import type { UpstreamConnections } from "./upstream-connections.js";
import type { UpstreamProvider } from "./upstream-provider.js";

/** What a provider publishes at its `jwks_uri`, for whoever verifies something else than ID tokens. */
export interface UpstreamKeys {
  /**
   * As it was answered; anybody can make us ask, so the answer is kept for a while.
   *
   * @param isNewWanted asks again, unless that was done a moment ago.
   * @throws FederationError
   */
  read(provider: UpstreamProvider, isNewWanted: boolean): Promise<unknown>;
}

export interface UpstreamKeysDeps {
  readonly connections: UpstreamConnections;
  /** Milliseconds of a clock that is never set. */
  readonly nowMs?: () => number;
}

/** 1 min: as long as providers publish keys before they sign with them at the least. */
const FRESH_MS = 60_000;
/** 5 s: whoever sends us tokens of unknown keys makes us ask no more often than that. */
const RETRY_MS = 5_000;
/** Beyond it the oldest goes. */
const MAX_ENTRIES = 200;

export function createUpstreamKeys({
  connections,
  nowMs = () => performance.now(),
}: UpstreamKeysDeps): UpstreamKeys {
  const kept = new Map<string, { readonly keys: unknown; readonly readAtMs: number }>();

  async function ask(provider: UpstreamProvider): Promise<unknown> {
    const { configuration, metadata } = await connections.open(provider);
    const fetch = configuration[customFetch];
    const { jwks_uri: uri } = metadata;
    if (uri === undefined || fetch === undefined) {
      throw new FederationError("upstream_invalid", "it publishes no keys (jwks_uri)");
    }
    const headers = { accept: "application/json, application/jwk-set+json" };
    const answer = await fetch(uri, { method: "GET", headers, body: null, redirect: "manual" });
    if (answer.status !== 200) {
      throw new FederationError("upstream_unreachable", `its keys: status ${answer.status}`);
    }
    try {
      const keys: unknown = await answer.json();
      return keys;
    } catch (err) {
      throw new FederationError("upstream_invalid", "its keys are no JSON", err);
    }
  }

  return {
    async read(provider, isNewWanted) {
      const { issuer } = provider;
      const known = kept.get(issuer);
      const ageMs = known === undefined ? Infinity : nowMs() - known.readAtMs;
      if (known !== undefined && ageMs < (isNewWanted ? RETRY_MS : FRESH_MS)) return known.keys;
      const keys = await ask(provider);
      kept.delete(issuer);
      kept.set(issuer, { keys, readAtMs: nowMs() });
      for (const oldest of kept.keys()) {
        if (kept.size <= MAX_ENTRIES) break;
        kept.delete(oldest);
      }
      return keys;
    },
  };
}
