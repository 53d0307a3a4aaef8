import type { Context } from "koa";

/** A sealed copy of the authorization request, sent back only to its own interaction's pages. */
export const SEALED_REQUEST_COOKIE = "latchkey_request";

/** 24 h, as long as the copy opens. */
const MAX_AGE_MS = 24 * 3600 * 1000;

export function setSealedRequestCookie(ctx: Context, path: string, sealed: string): void {
  // Sealed, so a signature would add nothing but length.
  const options = { httpOnly: true, sameSite: "lax", signed: false } as const;
  ctx.cookies.set(SEALED_REQUEST_COOKIE, sealed, { ...options, path, maxAge: MAX_AGE_MS });
}
