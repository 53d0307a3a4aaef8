import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP } from "node:net";
import type Koa from "koa";
import type { Context, Middleware } from "koa";
import type { Logger } from "../lib/logger.js";

export interface TrustedProxies {
  /** How many proxies stand before this server; 0: none is trusted. */
  readonly hops: number;
  /** From which addresses (or CIDR ranges) their headers are believed. */
  readonly addresses: readonly string[] | "any";
}

export interface PinOriginDeps {
  readonly issuer: string;
  readonly trustedProxies: TrustedProxies;
  /** In lower case; believed from a trusted proxy only, as forwarding headers are. */
  readonly clientCertificateHeader: string | undefined;
  /** What the application makes its requests from; gets the pinned host and protocol. */
  readonly request: Koa["request"];
  readonly logger: Pick<Logger, "warn">;
}

const FORWARDING_HEADERS = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-real-ip",
];

const UNTRUSTED_PROXY =
  "X-Forwarded-For is ignored, because TRUST_PROXY is off. If this comes from your proxy, limits on " +
  "attempts take everybody behind it for one network, and wrong attempts of some make all wait: set " +
  "TRUST_PROXY to the address of the proxy, such as TRUST_PROXY=10.0.0.5";

/**
 * Makes the configured issuer the only origin that this server speaks for. The library builds URLs
 * and decides on secure cookies by what the request says of host and protocol; here both come from
 * the configuration. A request for another host is refused (421, RFC 9110 §15.5.20), and forwarding
 * headers are dropped unless they come from a trusted proxy.
 */
export function createPinOrigin({
  issuer,
  trustedProxies,
  clientCertificateHeader,
  request,
  logger,
}: PinOriginDeps): Middleware {
  const { host, protocol, pathname } = new URL(issuer);
  // Load balancers ask by address.
  const healthChecks = `${pathname.replace(/\/$/, "")}/health/`;
  const isTrusted = createTrustCheck(trustedProxies);
  const proxyHeaders = [...FORWARDING_HEADERS, clientCertificateHeader ?? []].flat();
  Object.defineProperties(request, {
    host: { value: host },
    protocol: { value: protocol.slice(0, -1) },
  });

  let isToBeTold = trustedProxies.hops === 0;

  /** Once: more often, whoever sends the header could fill the log. */
  function tellOfProxy({ req }: Context): void {
    if (!isToBeTold || req.headers["x-forwarded-for"] === undefined) return;
    isToBeTold = false;
    logger.warn({ remoteAddress: req.socket.remoteAddress }, UNTRUSTED_PROXY);
  }

  return (ctx, next) => {
    tellOfProxy(ctx);
    if (!isTrusted(ctx.req.socket.remoteAddress)) dropHeaders(ctx.req.headers, proxyHeaders);
    if (requestedHost(ctx) !== host && !ctx.path.startsWith(healthChecks)) {
      ctx.status = 421;
      ctx.type = "text/plain";
      ctx.body = `This server answers only for ${issuer}. Use that address; behind a proxy, pass the original Host header on.\n`;
      return Promise.resolve();
    }
    return next();
  };
}

function dropHeaders(headers: IncomingHttpHeaders, names: readonly string[]): void {
  for (const header of names) {
    // Deleting makes every later look at the headers slower, and few requests have these.
    if (headers[header] !== undefined) delete headers[header];
  }
}

function requestedHost({ req }: Context): string | undefined {
  const forwarded = req.headers["x-forwarded-host"];
  const named = typeof forwarded === "string" ? forwarded.split(",").at(-1)?.trim() : undefined;
  return (named ?? req.headers.host)?.toLowerCase();
}

function createTrustCheck({ hops, addresses }: TrustedProxies): (address?: string) => boolean {
  if (hops === 0) return () => false;
  if (addresses === "any") return () => true;
  const list = new BlockList();
  for (const entry of addresses) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    if (address === undefined) return false;
    const plain = address.replace(/^::ffff:/, "");
    return list.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
  };
}
