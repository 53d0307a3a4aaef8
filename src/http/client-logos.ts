/**
 * Logos of clients, shown from here: the browser tells nobody else that somebody signs in, and a
 * client cannot change what its logo shows from one person to the next.
 */
import { hash } from "node:crypto";
import type Router from "@koa/router";
import type { Clock } from "../lib/clock.js";
import { typeOfPicture, type Picture } from "../lib/picture.js";
import type { Interactions } from "../oidc/interactions.js";

/** 64 KiB: as the operator's own. */
const MAX_BYTES = 64 * 1024;
/** 3 s: the page is there without it. */
const TIMEOUT_MS = 3_000;
/** A day; 10 min for one that could not be had. */
const KEPT_SECONDS = 86_400;
const FAILURE_KEPT_SECONDS = 600;
/** 200: 12.8 MiB at most. */
const MAX_KEPT = 200;
/** 8: strangers may register clients, whose logos must not keep this server busy. */
const MAX_AT_ONCE = 8;
/** A picture that is opened by itself runs nothing either. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

export interface ClientLogosDeps {
  readonly interactions: Pick<Interactions, "findClient">;
  /** By the outbound rules: to public addresses and hosts that the operator named. */
  readonly outboundFetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
}

/** Of a developer, who must have named it as one that may be fetched from. */
const LOOPBACK = new Set(["localhost", "127.0.0.1"]);

interface LogoClient {
  readonly clientId: string;
  readonly logoUri?: string | undefined;
}

/** `/client-logos/:clientId`: the picture of `logo_uri` (OpenID Connect Registration §2). */
export function addClientLogoRoute(router: Router, deps: ClientLogosDeps): void {
  const logos = createClientLogos(deps);

  router.get("/client-logos/:clientId", async (ctx) => {
    const { clientId = "" }: { clientId?: string } = ctx["params"];
    const client = await deps.interactions.findClient(clientId);
    const picture = hasLogo(client) ? await logos.find(client.logoUri) : undefined;
    ctx.set("Content-Security-Policy", POLICY);
    if (picture === undefined) {
      ctx.status = 404;
      ctx.type = "text/plain";
      ctx.body = "There is no such picture.";
      return;
    }
    ctx.set("Cache-Control", `public, max-age=${KEPT_SECONDS}`);
    ctx.type = picture.type;
    ctx.body = picture.bytes;
  });
}

/** Undefined when the client has none. Another `logo_uri` has another address. */
export function clientLogoUrl(
  client: LogoClient | undefined,
  basePath: string,
): string | undefined {
  if (!hasLogo(client)) return undefined;
  const version = hash("sha256", client.logoUri, "base64url").slice(0, 8);
  return `${basePath}/client-logos/${encodeURIComponent(client.clientId)}?v=${version}`;
}

function hasLogo(
  client: LogoClient | undefined,
): client is LogoClient & { readonly logoUri: string } {
  const url = URL.parse(client?.logoUri ?? "");
  return url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.has(url.hostname));
}

interface Kept {
  readonly picture: Promise<Picture | undefined>;
  untilSeconds: number;
}

function createClientLogos({ outboundFetch, clock }: Omit<ClientLogosDeps, "interactions">) {
  const kept = new Map<string, Kept>();
  let running = 0;

  async function load(url: string): Promise<Picture | undefined> {
    running++;
    try {
      const response = await outboundFetch(url, {
        headers: { Accept: "image/*" },
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const bytes = response.ok ? await readBytes(response) : undefined;
      const type = bytes && typeOfPicture(bytes);
      return bytes && type && { bytes, type };
    } catch {
      // Whose fault it is does not matter to the page.
      return undefined;
    } finally {
      running--;
    }
  }

  return {
    /** Concurrent calls share one request. */
    async find(url: string): Promise<Picture | undefined> {
      const found = kept.get(url);
      if (found !== undefined && found.untilSeconds > clock.nowSeconds()) return found.picture;
      if (running >= MAX_AT_ONCE) return undefined;
      const entry: Kept = {
        picture: load(url),
        untilSeconds: clock.nowSeconds() + FAILURE_KEPT_SECONDS,
      };
      // The one that was put in first makes room.
      kept.delete(url);
      const oldest = kept.keys().next().value;
      if (kept.size >= MAX_KEPT && oldest !== undefined) kept.delete(oldest);
      kept.set(url, entry);
      const picture = await entry.picture;
      if (picture !== undefined) entry.untilSeconds = clock.nowSeconds() + KEPT_SECONDS;
      return picture;
    },
  };
}

/** @returns undefined when it is too large. */
async function readBytes(response: Response): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
