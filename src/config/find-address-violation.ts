import { isIP } from "node:net";

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;
/** A name of digits and dots that is no address is a mistyped address, never a host. */
const LOOKS_LIKE_ADDRESS = /^[\d.]+$/;

/** @returns why this is neither a host name nor an IP address, to follow "must". */
export function findHostViolation(host: string): string | undefined {
  if (isIP(host) !== 0) return undefined;
  if (HOST_NAME.test(host) && !LOOKS_LIKE_ADDRESS.test(host)) return undefined;
  return "be a host name or an IP address, without scheme, port, brackets or wildcard";
}

/** @returns why this is neither an IP address nor a CIDR range, to follow "must". */
export function findRangeViolation(range: string): string | undefined {
  const [address = "", prefix, ...rest] = range.split("/");
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  if (bits === 0 || rest.length > 0) return "list IP addresses or CIDR ranges";
  if (prefix === undefined) return undefined;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) {
    return `have a CIDR prefix from 1 to ${bits} after ${address}`;
  }
  if (Number(prefix) === 0) {
    return `not trust every address (${range}): give the number of hops instead`;
  }
  return undefined;
}

/** `localhost`, names below it (RFC 6761 §6.3), 127.0.0.0/8 and ::1, as `URL.hostname` spells them. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    (isIP(hostname) === 4 && hostname.startsWith("127."))
  );
}
