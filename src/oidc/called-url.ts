import type { KoaContextWithOIDC } from "oidc-provider";

const CALLED_URL = Symbol("called URL");

interface CallContext {
  readonly state: { [CALLED_URL]?: string };
}

/** Notes the address that a client called, for a request that the token endpoint answers in its place. */
export function noteCalledUrl(ctx: CallContext, url: string): void {
  ctx.state[CALLED_URL] = url;
}

/** Whether the client called this address of ours, and not the token endpoint itself. */
export function wasCalledAt(ctx: CallContext, path: string): boolean {
  return ctx.state[CALLED_URL]?.endsWith(path) === true;
}

/**
 * Lets the library take the called address for the token endpoint's: a DPoP proof names the address
 * to which it was sent (RFC 9449 §4.3), and one made for another endpoint is refused.
 */
export function answerForCalledUrl(ctx: KoaContextWithOIDC & CallContext): void {
  const url = ctx.state[CALLED_URL];
  if (url === undefined) return;
  const { oidc } = ctx;
  const urlFor = oidc.urlFor.bind(oidc);
  oidc.urlFor = (name, options) => (name === "token" ? url : urlFor(name, options));
}
