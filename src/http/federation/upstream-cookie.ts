import { hash } from "node:crypto";
import type { Context } from "koa";

/**
 * What a browser keeps of its sign-ins under way at other providers: one cookie for each, found by
 * the `state` that comes back, so that tabs do not disturb each other.
 */
export interface UpstreamCookie {
  set(ctx: Context, state: string, sealed: string): void;
  read(ctx: Context, state: string): string | undefined;
  clear(ctx: Context, state: string): void;
}

/** 30 min: longer than an attempt, so that who comes too late is told so. */
const MAX_AGE_MS = 1_800_000;
/** 4 more tabs: the oldest goes, so that the Cookie header stays below what servers take. */
const MAX_OTHERS = 4;
/** 72 bit of a hash: a name, no secret. */
const TAG_CHARACTERS = 12;

export function createUpstreamCookie(issuer: string): UpstreamCookie {
  const prefix = issuer.startsWith("https:") ? "__Host-latchkey_upstream_" : "latchkey_upstream_";
  // Lax: providers send the browser back by a link from their site.
  const options = { httpOnly: true, sameSite: "lax", signed: false, path: "/" } as const;
  const nameOf = (state: string) =>
    prefix + hash("sha256", state, "base64url").slice(0, TAG_CHARACTERS);
  const remove = (ctx: Context, name: string) => void ctx.cookies.set(name, null, options);

  return {
    set(ctx, state, sealed) {
      const others = namesIn(ctx.get("Cookie")).filter((name) => name.startsWith(prefix));
      // Browsers send the oldest first (RFC 6265 §5.4).
      for (const name of others.slice(0, -MAX_OTHERS)) remove(ctx, name);
      ctx.cookies.set(nameOf(state), sealed, { ...options, maxAge: MAX_AGE_MS });
    },
    read: (ctx, state) => ctx.cookies.get(nameOf(state), { signed: false }),
    clear: (ctx, state) => remove(ctx, nameOf(state)),
  };
}

function namesIn(header: string): string[] {
  return header.split(";").map((pair) => pair.slice(0, Math.max(0, pair.indexOf("="))).trim());
}
