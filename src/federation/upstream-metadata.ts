import {
  allowInsecureRequests,
  customFetch,
  discovery,
  None,
  type ServerMetadata,
} from "openid-client";
import { FederationError } from "./federation-error.js";
import { isLoopback } from "./find-provider-problems.js";
import { findPreset, type OAuthPreset } from "./presets.js";
import { toFederationError } from "./to-federation-error.js";
import type { UpstreamFetch } from "./upstream-fetch.js";
import type { UpstreamProvider } from "./upstream-provider.js";

type Known = Pick<UpstreamProvider, "id" | "kind" | "issuer" | "preset" | "clientId">;

export interface UpstreamMetadata {
  /** What a provider says of itself; kept for a while. @throws FederationError */
  load(provider: Known): Promise<ServerMetadata>;
}

export interface UpstreamMetadataDeps {
  readonly fetch: UpstreamFetch;
  /** Milliseconds of a clock that is never set. */
  readonly nowMs?: () => number;
}

/** 10 min: endpoints move seldom, and are announced. */
const FRESH_MS = 600_000;
/** 1 day: while it cannot be read, what it said last is better than nothing. */
const USABLE_MS = 86_400_000;
/** Beyond it the oldest goes. */
const MAX_ENTRIES = 200;

/** 30 s: while it is down, people need not wait for it to be tried each time. */
const RETRY_MS = 30_000;

interface Entry {
  readonly metadata: ServerMetadata;
  readonly readAtMs: number;
  /** When it is read anew. */
  readonly dueAtMs: number;
}

export function createUpstreamMetadata(deps: UpstreamMetadataDeps): UpstreamMetadata {
  const { nowMs = () => performance.now() } = deps;
  const entries = new Map<string, Entry>();
  const running = new Map<string, Promise<ServerMetadata>>();

  async function read(provider: Known): Promise<ServerMetadata> {
    const metadata = await discover(provider, deps.fetch);
    entries.delete(provider.issuer);
    const now = nowMs();
    entries.set(provider.issuer, { metadata, readAtMs: now, dueAtMs: now + FRESH_MS });
    for (const oldest of entries.keys()) {
      if (entries.size <= MAX_ENTRIES) break;
      entries.delete(oldest);
    }
    return metadata;
  }

  function readOnce(provider: Known): Promise<ServerMetadata> {
    const underWay = running.get(provider.issuer);
    if (underWay !== undefined) return underWay;
    const reading = read(provider).finally(() => running.delete(provider.issuer));
    running.set(provider.issuer, reading);
    return reading;
  }

  return {
    async load(provider) {
      const preset = findPreset(provider.preset)?.oauth;
      if (provider.kind === "oauth") return metadataOf(provider, preset);
      const entry = entries.get(provider.issuer);
      if (entry !== undefined && nowMs() < entry.dueAtMs) return entry.metadata;
      try {
        return await readOnce(provider);
      } catch (err) {
        const now = nowMs();
        if (entry === undefined || now - entry.readAtMs > USABLE_MS) throw err;
        entries.set(provider.issuer, { ...entry, dueAtMs: now + RETRY_MS });
        return entry.metadata;
      }
    },
  };
}

/** @throws FederationError also when it calls itself by another name (Discovery §4.3). */
async function discover(
  { issuer, clientId }: Known,
  fetch: UpstreamFetch,
): Promise<ServerMetadata> {
  const found = await discovery(new URL(issuer), clientId, undefined, None(), {
    [customFetch]: fetch,
    execute: isInsecure(issuer) ? [allowInsecureRequests] : [],
  }).catch((err: unknown) => {
    throw toFederationError(err);
  });
  const metadata: ServerMetadata = { ...found.serverMetadata() };
  if (metadata.issuer !== issuer) {
    throw new FederationError(
      "upstream_invalid",
      `it calls itself "${metadata.issuer}", which is not "${issuer}"`,
    );
  }
  return metadata;
}

function metadataOf({ id, issuer }: Known, preset: OAuthPreset | undefined): ServerMetadata {
  if (preset === undefined) {
    throw new FederationError("provider_unavailable", `"${id}" has a preset that is not known`);
  }
  const { authorizationEndpoint, tokenEndpoint, userEndpoint, responseIssuer } = preset;
  return {
    issuer: responseIssuer === undefined ? issuer : new URL(responseIssuer, issuer).href,
    authorization_endpoint: new URL(authorizationEndpoint, issuer).href,
    token_endpoint: new URL(tokenEndpoint, issuer).href,
    userinfo_endpoint: new URL(userEndpoint, issuer).href,
  };
}

/** On this machine alone; `findProviderProblems` lets no other such issuer in. */
export function isInsecure(issuer: string): boolean {
  const { protocol, hostname } = new URL(issuer);
  return protocol === "http:" && isLoopback(hostname);
}
