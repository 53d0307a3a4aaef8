import type { Context } from "koa";
import type { ClientStore } from "../clients/client-store.js";
import type { Clock } from "../lib/clock.js";

/**
 * Lets pages of registered clients read an answer (CORS): those from an origin of somebody's redirect
 * URIs. Never with cookies.
 */
export type AllowOrigin = (ctx: Context) => Promise<void>;

export interface CrossOriginDeps {
  readonly clients: Pick<ClientStore, "hasOrigin">;
  readonly clock: Clock;
}

/** 60 s: a page asks many times, and registering is rare. */
const KEPT_SECONDS = 60;
const MAX_KEPT = 1_000;
/** 10 min: how long a browser may remember. */
const PREFLIGHT_SECONDS = 600;

export function createAllowOrigin({ clients, clock }: CrossOriginDeps): AllowOrigin {
  const known = new Map<string, { readonly isAllowed: boolean; readonly untilSeconds: number }>();

  async function isAllowed(origin: string): Promise<boolean> {
    const found = known.get(origin);
    if (found !== undefined && found.untilSeconds > clock.nowSeconds()) return found.isAllowed;
    const allowed = URL.parse(origin)?.origin === origin && (await clients.hasOrigin(origin));
    if (known.size >= MAX_KEPT) known.clear();
    known.set(origin, { isAllowed: allowed, untilSeconds: clock.nowSeconds() + KEPT_SECONDS });
    return allowed;
  }

  return async (ctx) => {
    ctx.vary("Origin");
    const origin = ctx.get("Origin");
    if (origin === "" || !(await isAllowed(origin))) return;
    ctx.set("Access-Control-Allow-Origin", origin);
    if (ctx.method !== "OPTIONS") {
      ctx.set("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate");
      return;
    }
    ctx.set("Access-Control-Allow-Methods", "GET");
    ctx.set("Access-Control-Allow-Headers", "Authorization");
    ctx.set("Access-Control-Max-Age", String(PREFLIGHT_SECONDS));
  };
}
