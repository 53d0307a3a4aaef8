import { UnexpectedStatusError, type BoundedFetch } from "./bounded-fetch.js";
import type { VerifierClock } from "./clock.js";
import { parseJsonObject } from "./parse-json.js";
import { createRefreshedValue, type RefreshedValue } from "./refreshed-value.js";

/** What the verifier needs of the metadata of an issuer (RFC 8414 §2). */
export interface IssuerMetadata {
  readonly jwksUri: string | undefined;
  readonly introspectionEndpoint: string | undefined;
}

export interface DiscoveryDeps {
  readonly issuer: string;
  readonly fetch: BoundedFetch;
  readonly staleIfErrorSeconds: number;
  readonly cooldownSeconds: number;
  readonly clock: VerifierClock;
}

/** 1 h: addresses of endpoints hardly ever change, and keys have a time of their own. */
const METADATA_SECONDS = 60 * 60;

export function createDiscovery(deps: DiscoveryDeps): RefreshedValue<IssuerMetadata> {
  return createRefreshedValue({
    ...deps,
    load: async () => ({ value: await discover(deps), freshSeconds: METADATA_SECONDS }),
  });
}

async function discover({ issuer, fetch }: DiscoveryDeps): Promise<IssuerMetadata> {
  const [first, second] = wellKnownUrls(issuer);
  try {
    return await load(first, { issuer, fetch });
  } catch (err) {
    if (!(err instanceof UnexpectedStatusError) || err.status >= 500) throw err;
    return load(second, { issuer, fetch });
  }
}

/** RFC 8414 §3.1 puts the path of the issuer last, OpenID Connect Discovery §4 puts it first. */
function wellKnownUrls(issuer: string): readonly [string, string] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
}

async function load(
  url: string,
  { issuer, fetch }: Pick<DiscoveryDeps, "issuer" | "fetch">,
): Promise<IssuerMetadata> {
  const { body } = await fetch(url, { headers: { Accept: "application/json" } });
  const metadata = parseJsonObject(body);
  // RFC 8414 §3.3: else one issuer could pass for another.
  if (metadata?.["issuer"] !== issuer) throw new Error(`${url} is not the metadata of ${issuer}`);
  return {
    jwksUri: endpointOf(metadata["jwks_uri"], issuer),
    introspectionEndpoint: endpointOf(metadata["introspection_endpoint"], issuer),
  };
}

function endpointOf(value: unknown, issuer: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new Error(`${issuer} has an endpoint that is no URL`);
  assertSafeUrl(value, issuer);
  return value;
}

/** @throws Error unless it is https, or http as the issuer itself is (development on one machine). */
export function assertSafeUrl(url: string, issuer: string): void {
  const { protocol } = new URL(url);
  if (protocol !== "https:" && protocol !== new URL(issuer).protocol) {
    throw new Error(`${url} is not https`);
  }
}
