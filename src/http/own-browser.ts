import type { Context } from "koa";
import { LatchkeyError } from "../lib/errors.js";

/**
 * Whether a browser says that a page of somebody else sends this request. Cookies of such a request
 * count for nothing: `SameSite` lets other hosts of the same site send them.
 */
export function isFromElsewhere(ctx: Context, origin: string): boolean {
  const site = ctx.get("Sec-Fetch-Site");
  const from = ctx.get("Origin");
  const isForeignSite = site !== "" && site !== "same-origin" && site !== "none";
  return isForeignSite || (from !== "" && from !== origin);
}

/**
 * For a request that changes something by the cookie alone. Every browser that is in use sends
 * `Origin` with a post; a program has no cookie and needs none.
 *
 * @throws LatchkeyError `cross_site_request` (403)
 */
export function assertOwnPage(ctx: Context, origin: string): void {
  if (ctx.get("Origin") === origin && !isFromElsewhere(ctx, origin)) return;
  const message = "this may only be asked by a page of this server, or with an access token";
  throw new LatchkeyError("cross_site_request", message, { status: 403 });
}
