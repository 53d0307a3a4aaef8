import type { FinishAnswer } from "./finish-answers.js";

/** 5 min: a new signing key is published well before it signs. */
const CACHE_CONTROL = "public, max-age=300";

const CACHED = new Set([
  "/jwks",
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
]);

/** Discovery and keys are public and change rarely; everything else here is never stored. */
export const letMetadataBeCached: FinishAnswer = (ctx) => {
  if (CACHED.has(ctx.path) && ctx.status === 200) ctx.set("Cache-Control", CACHE_CONTROL);
};
