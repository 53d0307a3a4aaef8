import type { Middleware } from "koa";

const WELL_KNOWN = "/.well-known/change-password";

/**
 * A Well-Known URL for Changing Passwords (W3C): where password managers lead people. At the root of
 * the host, where they look for it, and below the path of an issuer that has one.
 */
export function createChangePasswordUrl(basePath: string): Middleware {
  return (ctx, next) => {
    const isMeant = ctx.path === WELL_KNOWN || ctx.path === basePath + WELL_KNOWN;
    if (!isMeant || (ctx.method !== "GET" && ctx.method !== "HEAD")) return next();
    ctx.status = 303;
    return ctx.redirect(`${basePath}/account/password`);
  };
}
