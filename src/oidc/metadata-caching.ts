import { hash } from "node:crypto";
import { JWKS_MAX_AGE_SECONDS, JWKS_STALE_SECONDS } from "../keys/key-schedule.js";
import type { FinishAnswer } from "./finish-answers.js";

/** A new signing key is published for longer than this before it signs. */
const CACHE_CONTROL = `public, max-age=${JWKS_MAX_AGE_SECONDS}, stale-while-revalidate=${JWKS_STALE_SECONDS}`;

const CACHED = new Set([
  "/jwks",
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
]);

/**
 * Discovery and keys are public and change rarely; everything else here is never stored. Whoever has
 * the newest is told so in few bytes (RFC 9110 §13.1.2).
 */
export const letMetadataBeCached: FinishAnswer = (ctx) => {
  if (!CACHED.has(ctx.path) || ctx.status !== 200) return;
  ctx.set("Cache-Control", CACHE_CONTROL);
  ctx.etag = hash("sha256", JSON.stringify(ctx.body), "base64url");
  if (ctx.fresh) ctx.status = 304;
};
