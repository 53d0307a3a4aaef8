import type { Middleware } from "koa";

const WELL_KNOWN = "/.well-known/oauth-authorization-server";

/**
 * For an issuer with a path, RFC 8414 §3.1 puts the well-known segment before the path; the library
 * serves it behind, where OpenID Connect Discovery §4 puts its own.
 */
export function createServerMetadataAlias(basePath: string): Middleware {
  return (ctx, next) => {
    if (basePath !== "" && ctx.path === WELL_KNOWN + basePath) ctx.path = basePath + WELL_KNOWN;
    return next();
  };
}
