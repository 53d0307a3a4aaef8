import { isIPv4, isIPv6 } from "node:net";
import type { Context } from "koa";

/** Where and when a session was last seen, for the person whose session it is. */
export interface DeviceFacts {
  readonly seenAtSeconds: number;
  /** The network, not the address: /24 of IPv4, /48 of IPv6. */
  readonly network: string | undefined;
  readonly userAgent: string | undefined;
}

/** Longer ones are not from browsers. */
const MAX_USER_AGENT_LENGTH = 256;

export function deviceFacts(
  ctx: Pick<Context, "get" | "ip"> | undefined,
  seenAtSeconds: number,
): DeviceFacts | undefined {
  if (ctx === undefined) return undefined;
  const userAgent = ctx.get("User-Agent").slice(0, MAX_USER_AGENT_LENGTH);
  return {
    seenAtSeconds,
    network: coarseNetworkOf(ctx.ip),
    userAgent: userAgent === "" ? undefined : userAgent,
  };
}

/** /24 of IPv4, /48 of IPv6. */
export function coarseNetworkOf(ip: string): string | undefined {
  const address = ip.replace(/^::ffff:(?=\d+\.)/, "");
  if (isIPv4(address)) return `${address.split(".").slice(0, 3).join(".")}.0/24`;
  if (!isIPv6(address)) return undefined;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - groups.length - rest.length }, () => "0");
  const all = tail === undefined ? groups : [...groups, ...zeros, ...rest];
  return `${all.slice(0, 3).join(":")}::/48`;
}
