import type { Context } from "koa";
import type { SessionFacts } from "../oidc/session-facts.js";

/** The cookie by which a browser has its session, as the library sets it. */
export interface SessionCookie {
  /** It stays as long as the session may now. */
  extend(ctx: Context, session: SessionFacts): void;
  clear(ctx: Context): void;
}

export interface SessionCookieDeps {
  readonly name: string;
  /** A cross-site POST to the authorization endpoint is to carry it. */
  readonly isSentAcrossSites: boolean;
}

export function createSessionCookie({ name, isSentAcrossSites }: SessionCookieDeps): SessionCookie {
  const options = {
    httpOnly: true,
    sameSite: isSentAcrossSites ? ("none" as const) : ("lax" as const),
    signed: true,
    path: "/",
    overwrite: true,
  };
  return {
    extend(ctx, { isTransient, expiresAtSeconds }) {
      const value = ctx.cookies.get(name, { signed: true });
      if (value === undefined || isTransient) return;
      ctx.cookies.set(name, value, { ...options, expires: new Date(expiresAtSeconds * 1000) });
    },
    clear: (ctx) => void ctx.cookies.set(name, null, options),
  };
}
