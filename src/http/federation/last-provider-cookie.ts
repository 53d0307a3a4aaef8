import type { Context } from "koa";

/** 1 year: whoever comes back by then finds their button first. */
const MAX_AGE_MS = 365 * 24 * 3600 * 1000;

/** The id of the provider that this browser signed in with last: a convenience, believed in nothing. */
export function readLastProvider(ctx: Context): string | undefined {
  return ctx.cookies.get(nameFor(ctx), { signed: false });
}

/** @param id undefined: the last sign-in was by a password. */
export function rememberLastProvider(ctx: Context, id: string | undefined): void {
  if (id === undefined && readLastProvider(ctx) === undefined) return;
  const options = { httpOnly: true, sameSite: "lax", signed: false, path: "/" } as const;
  ctx.cookies.set(nameFor(ctx), id ?? null, { ...options, maxAge: MAX_AGE_MS });
}

function nameFor(ctx: Context): string {
  return ctx.secure ? "__Host-latchkey_last" : "latchkey_last";
}
