import type { Context, Middleware } from "koa";

/** 1 year: ASVS 3.4.1. */
const HSTS = "max-age=31536000; includeSubDomains";

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join("; ");

/**
 * Headers of every answer, errors included. Answers are not stored unless a handler says so.
 *
 * `same-origin` and not `no-referrer`: with the latter, browsers send `Origin: null` on form posts,
 * which are then not told apart from forged ones. No Cross-Origin-Opener-Policy: applications that
 * sign people in by a pop-up window would lose it.
 */
export function createSecurityHeaders(issuer: string): Middleware {
  const headers = Object.entries({
    "Cache-Control": "no-store",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    ...(issuer.startsWith("https:") ? { "Strict-Transport-Security": HSTS } : {}),
  });
  return (ctx, next) => {
    for (const [name, value] of headers) ctx.res.setHeader(name, value);
    return next();
  };
}

/**
 * Lets the forms of a page lead to where the request returns. Chromium holds `form-action` against
 * every redirect that follows a post, those of the application included, so any https address and
 * the scheme of the redirect URI must be allowed.
 */
export function allowFormReturn(ctx: Context, redirectUri: string | undefined): void {
  const url = redirectUri === undefined ? null : URL.parse(redirectUri);
  const sources = ["'self'", "https:"];
  if (url?.protocol === "http:") sources.push(`http://${url.hostname}:*`);
  else if (url !== null && url.protocol !== "https:") sources.push(url.protocol);
  // Only this directive: the library may have allowed a script of its own by its hash.
  const policy = ctx.response.get("Content-Security-Policy");
  const formAction = `form-action ${sources.join(" ")}`;
  ctx.set(
    "Content-Security-Policy",
    policy.replace(/form-action [^;]*/, () => formAction),
  );
}
