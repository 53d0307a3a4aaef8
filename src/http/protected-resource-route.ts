import type Router from "@koa/router";
import type { Clock } from "../lib/clock.js";
import {
  createAccessTokenVerifier,
  protectKoa,
  type Introspect,
  type VerifiedAccessToken,
} from "../verify/index.js";

export interface ProtectedResourceDeps {
  readonly issuer: string;
  /** The RFC 8707 identifier of this API. */
  readonly identifier: string;
  readonly publicKeys: () => readonly object[];
  readonly introspect: Introspect;
  readonly useProofOnce: (id: string, expiresAtMs: number) => Promise<boolean>;
  readonly clock: Clock;
}

/** 5 min: long enough to try it, short enough to be asked to sign in again. */
const RECENT_SIGN_IN_SECONDS = 5 * 60;

/**
 * An API inside the server, to try tokens on; development mode only. It checks them as any API does
 * by `latchkey/verify`, with keys and introspection from the inside. Bound tokens need their proof.
 */
export function addProtectedResourceRoute(
  router: Router,
  { issuer, identifier, publicKeys, introspect, useProofOnce, clock }: ProtectedResourceDeps,
): void {
  const verifier = createAccessTokenVerifier({
    issuer,
    audience: identifier,
    keys: publicKeys,
    revocation: {
      introspection: { introspect, cacheSeconds: 0, failure: "closed", opaqueTokens: true },
    },
    resourceMetadataUrl: metadataUrlOf(identifier),
    dpop: { replayStore: { useOnce: useProofOnce } },
    clock,
  });
  router.get("/protected-resource", protectKoa(verifier), (ctx) => {
    ctx.body = { message: "The access token is valid.", ...describe(ctx.state["accessToken"]) };
  });
  router.get(
    "/protected-resource/recent-sign-in",
    protectKoa(verifier, { maxAgeSeconds: RECENT_SIGN_IN_SECONDS }),
    (ctx) => {
      const token: VerifiedAccessToken = ctx.state["accessToken"];
      ctx.body = {
        message: "The sign-in is recent.",
        ...describe(token),
        acr: token.acr,
        auth_time: token.authenticatedAtSeconds,
      };
    },
  );
}

/** RFC 9728 §3.1. */
function metadataUrlOf(identifier: string): string {
  const { origin, pathname } = new URL(identifier);
  return `${origin}/.well-known/oauth-protected-resource${pathname}`;
}

function describe({ subject, clientId, scopes, format, expiresAtSeconds }: VerifiedAccessToken) {
  return {
    sub: subject,
    client_id: clientId,
    scope: [...scopes].join(" "),
    format,
    exp: expiresAtSeconds,
  };
}
