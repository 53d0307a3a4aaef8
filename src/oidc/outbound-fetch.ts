import type { Configuration } from "oidc-provider";

type Fetch = NonNullable<Configuration["fetch"]>;

/**
 * Requests that clients make us send (jwks_uri, sector_identifier_uri, back-channel logout). The
 * library's dispatcher refuses private, loopback and special-use addresses after name resolution;
 * it is left out only for hosts that the operator named. Redirects are never followed, since they
 * would lead around the rule.
 */
export function createOutboundFetch(allowedHosts: readonly string[]): Fetch {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return (url, options) => {
    const { hostname } = new URL(url instanceof Request ? url.url : url);
    const guarded: RequestInit & { dispatcher?: unknown } = { ...options, redirect: "error" };
    if (allowed.has(hostname)) delete guarded.dispatcher;
    return fetch(url, guarded);
  };
}

/** 64 KiB: hundreds of keys or URIs; more is an attack or a mistake. */
export const OUTBOUND_BODY_BYTES = 64 * 1024;
