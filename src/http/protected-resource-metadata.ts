import type { Context, Middleware } from "koa";
import {
  createFindProtectedResourceMetadata,
  type ProtectedResourceMetadataDeps,
} from "../oidc/protected-resource-metadata.js";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";
const ELSEWHERE = "/protected-resource-metadata";

/** 5 min: like the server's own metadata; a scope that is new is asked for soon. */
const CACHE_CONTROL = "public, max-age=300";

/**
 * Metadata of APIs that want them published (RFC 9728). Of an API at this host they are where §3.1
 * has clients look: the well-known segment before its path. Of any other they are at an address that
 * names it, for the API to refer to by `resource_metadata` in its challenges (§5.1), since clients
 * look at the API's own host.
 */
export function createProtectedResourceMetadataRoutes({
  basePath,
  ...deps
}: ProtectedResourceMetadataDeps & { readonly basePath: string }): Middleware {
  const { origin } = new URL(deps.issuer);
  const findMetadata = createFindProtectedResourceMetadata(deps);

  function identifierOf(ctx: Context): string | undefined {
    if (ctx.path === WELL_KNOWN || ctx.path.startsWith(`${WELL_KNOWN}/`)) {
      return origin + ctx.path.slice(WELL_KNOWN.length) + ctx.search;
    }
    if (ctx.path !== basePath + ELSEWHERE) return undefined;
    const { resource } = ctx.query;
    return typeof resource === "string" ? resource : undefined;
  }

  return async (ctx, next) => {
    const identifier = identifierOf(ctx);
    if (identifier === undefined || !["GET", "HEAD", "OPTIONS"].includes(ctx.method)) return next();
    // Pages of any application read it, some with headers of their own.
    ctx.set("Access-Control-Allow-Origin", "*");
    if (ctx.method === "OPTIONS") {
      ctx.set("Access-Control-Allow-Methods", "GET");
      ctx.set("Access-Control-Allow-Headers", "*");
      ctx.status = 204;
      return undefined;
    }
    const metadata = await findMetadata(identifier);
    if (metadata === undefined) {
      ctx.status = 404;
      ctx.body = { error: "not_found", error_description: "no API publishes metadata here" };
      return undefined;
    }
    ctx.set("Cache-Control", CACHE_CONTROL);
    ctx.body = metadata;
    return undefined;
  };
}
