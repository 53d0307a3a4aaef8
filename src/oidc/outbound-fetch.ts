import type { Configuration } from "oidc-provider";
import { createGuardedDispatcher } from "./library-internals.js";

type Fetch = NonNullable<Configuration["fetch"]>;

/** 10 s: nobody waits for a message, and whoever takes it may have much to end. */
const MESSAGE_TIMEOUT_MS = 10_000;

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
    return guarded.method === "POST" ? sendMessage(url, guarded) : fetch(url, guarded);
  };
}

/**
 * Requests that operators make us send, to the providers that people sign in at. The same rule: what
 * a provider says of its endpoints is a stranger's word, too. Redirects are as the caller says.
 */
export function createUpstreamOutboundFetch(
  allowedHosts: readonly string[],
): (url: string, options: RequestInit) => Promise<Response> {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  let dispatcher: object | undefined;
  return async (url, options) => {
    const isAllowed = allowed.has(new URL(url).hostname);
    // Made with the first request: it loads what an idle server does not need.
    if (!isAllowed) dispatcher ??= createGuardedDispatcher();
    const guard = isAllowed ? {} : { dispatcher };
    return fetch(url, { ...options, ...guard });
  };
}

/** Logout tokens. Of the answer only the status counts, a redirect's too; its body is not read. */
async function sendMessage(url: Parameters<Fetch>[0], options: RequestInit): Promise<Response> {
  const answer = await fetch(url, {
    ...options,
    redirect: "manual",
    // In place of the library's 2.5 s, which are for a person that waits.
    signal: AbortSignal.timeout(MESSAGE_TIMEOUT_MS),
  });
  await answer.body?.cancel();
  return new Response(null, { status: answer.status, headers: answer.headers });
}

/** 64 KiB: hundreds of keys or URIs; more is an attack or a mistake. */
export const OUTBOUND_BODY_BYTES = 64 * 1024;
