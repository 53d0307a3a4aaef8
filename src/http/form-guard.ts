import { randomToken } from "../lib/random-token.js";
import type { Mac } from "../lib/seal.js";
import type { Context } from "koa";

export interface FormGuard {
  /** The `csrf_token` of a form that continues the interaction in this browser. */
  issue(ctx: Context, uid: string): string;
  check(ctx: Context, uid: string, token: unknown): "genuine" | "forged" | "no_cookies";
}

/**
 * Forms are answered only when this server gave them to this browser for this interaction. The
 * token needs no storage, so that it still holds after the interaction has expired.
 */
export function createFormGuard(mac: Mac, issuer: string): FormGuard {
  const secure = issuer.startsWith("https:");
  const cookieName = secure ? "__Host-latchkey_browser" : "latchkey_browser";
  const { origin } = new URL(issuer);

  const issueBrowserId = (ctx: Context): string => {
    const known: unknown = ctx.cookies.get(cookieName) ?? ctx.state["newBrowserId"];
    if (typeof known === "string") return known;
    const browserId = randomToken();
    // A page may have several forms, and be the first that this browser sees.
    ctx.state["newBrowserId"] = browserId;
    ctx.cookies.set(cookieName, browserId, { httpOnly: true, sameSite: "lax", path: "/" });
    return browserId;
  };

  return {
    issue: (ctx, uid) => mac.sign(`${uid}.${issueBrowserId(ctx)}`),
    check(ctx, uid, token) {
      if (!isSameOrigin(ctx, origin)) return "forged";
      const browserId = ctx.cookies.get(cookieName);
      if (browserId === undefined) return "no_cookies";
      const genuine = typeof token === "string" && mac.verify(`${uid}.${browserId}`, token);
      return genuine ? "genuine" : "forged";
    },
  };
}

/** What browsers say of a request's source; older ones that say nothing have the token alone. */
export function isSameOrigin(ctx: Context, origin: string): boolean {
  const site = ctx.get("Sec-Fetch-Site");
  if (site !== "" && site !== "same-origin") return false;
  const from = ctx.get("Origin");
  // From pages with `Referrer-Policy: no-referrer` (Fetch §3.2); sandboxed ones are another site.
  if (from === "null") return site === "same-origin";
  return from === "" || from === origin;
}
