import { isIPv6 } from "node:net";
import type { Context } from "koa";
import { LatchkeyError } from "../lib/errors.js";
import type { RateLimiter } from "../lib/rate-limiter.js";

/** @throws LatchkeyError `too_many_requests` (429, RFC 6585 §4) with `Retry-After`. */
export async function limitRequests(
  ctx: Context,
  limiter: RateLimiter,
  caller: string,
): Promise<void> {
  const retryAfterSeconds = await limiter.count(`${caller} ${addressOf(ctx)}`);
  if (retryAfterSeconds === undefined) return;
  throw new LatchkeyError("too_many_requests", "there were too many of these requests", {
    status: 429,
    retryAfterSeconds,
  });
}

/** Of IPv6 the /64, any address of which one machine can take. */
function addressOf({ ip }: Context): string {
  if (!isIPv6(ip) || ip.startsWith("::ffff:")) return ip;
  const [head = "", tail = ""] = ip.split("::");
  const groups = [head, tail].map((part) => (part === "" ? [] : part.split(":")));
  const [first = [], last = []] = groups;
  const zeros = ip.includes("::") ? 8 - first.length - last.length : 0;
  return [...first, ...Array.from({ length: zeros }, () => "0"), ...last].slice(0, 4).join(":");
}
