import type { Context } from "koa";

/** 24 h, as long as the copy opens. */
const MAX_AGE_MS = 24 * 3600 * 1000;

/** A sealed copy of the authorization request, sent back only to its own interaction's pages. */
export function readSealedRequestCookie(ctx: Context): string | undefined {
  return ctx.cookies.get(nameFor(ctx), { signed: false });
}

export function setSealedRequestCookie(ctx: Context, path: string, sealed: string): void {
  // Sealed, so a signature would add nothing but length.
  const options = { httpOnly: true, sameSite: "lax", signed: false } as const;
  ctx.cookies.set(nameFor(ctx), sealed, { ...options, path, maxAge: MAX_AGE_MS });
}

/** With a path of its own it cannot be `__Host-`; plain http can be neither. */
function nameFor(ctx: Context): string {
  return ctx.secure ? "__Secure-latchkey_request" : "latchkey_request";
}
