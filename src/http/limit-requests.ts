import type { Context } from "koa";
import { LatchkeyError } from "../lib/errors.js";
import { networkOf } from "../lib/network-of.js";
import type { RateLimiter } from "../lib/rate-limiter.js";

/** @throws LatchkeyError `too_many_requests` (429, RFC 6585 §4) with `Retry-After`. */
export async function limitRequests(
  ctx: Context,
  limiter: RateLimiter,
  caller: string,
): Promise<void> {
  const retryAfterSeconds = await limiter.count(`${caller} ${networkOf(ctx.ip)}`);
  if (retryAfterSeconds === undefined) return;
  throw new LatchkeyError("too_many_requests", "there were too many of these requests", {
    status: 429,
    retryAfterSeconds,
  });
}
