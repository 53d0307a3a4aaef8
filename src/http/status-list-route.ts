import type Router from "@koa/router";
import type { Context } from "koa";
import { LatchkeyError } from "../lib/errors.js";
import type { Clock } from "../lib/clock.js";
import type { StatusListPublisher } from "../tokens/status-list-publisher.js";

/** draft-ietf-oauth-status-list-21 §14.7. */
const MEDIA_TYPE = "application/statuslist+jwt";

/** A list's id: no other spelling of a number is one. */
const LIST_ID = /^[1-9]\d{0,14}$/;

export interface StatusListRouteDeps {
  readonly statusLists: StatusListPublisher;
  readonly clock: Clock;
}

/**
 * Status lists, for everybody: whoever has a token of an API knows the address of its list. They may
 * be kept by whoever passes them on, and read by pages of any origin (§8.1).
 */
export function addStatusListRoute(
  router: Router,
  { statusLists, clock }: StatusListRouteDeps,
): void {
  router.get("/status-lists/:id", async (ctx) => {
    ctx.set("Access-Control-Allow-Origin", "*");
    ctx.vary("Accept-Encoding");
    const id = String(ctx.params["id"]);
    const list = LIST_ID.test(id) ? await statusLists.find(Number(id)) : undefined;
    if (list === undefined) throw unknownList();
    if (ctx.query["time"] !== undefined) return refuseHistory(ctx);
    if (ctx.accepts(MEDIA_TYPE) === false) throw notAcceptable();

    const leftSeconds = Math.max(0, list.expiresAtSeconds - clock.nowSeconds());
    const maxAgeSeconds = Math.min(statusLists.ttlSeconds, leftSeconds);
    ctx.set("Cache-Control", `public, max-age=${maxAgeSeconds}`);
    // Weak: the same for both encodings (RFC 9110 §8.8.1).
    ctx.set("ETag", `W/"${list.tag}"`);
    ctx.status = 200;
    if (ctx.fresh) {
      ctx.status = 304;
      return;
    }
    const isCompressed = ctx.acceptsEncodings("gzip", "identity") === "gzip";
    if (isCompressed) ctx.set("Content-Encoding", "gzip");
    ctx.body = isCompressed ? list.gzipped : list.jwt;
    ctx.set("Content-Type", MEDIA_TYPE);
  });
}

/** With the status that §8.4 names; it is no failure of ours, so it is not thrown. */
function refuseHistory(ctx: Context): void {
  ctx.status = 501;
  ctx.body = { error: "not_implemented", error_description: "there are no lists of former times" };
}

function notAcceptable(): LatchkeyError {
  return new LatchkeyError("not_acceptable", `status lists are ${MEDIA_TYPE}`, { status: 406 });
}

function unknownList(): LatchkeyError {
  return new LatchkeyError("not_found", "there is no such status list", { status: 404 });
}
