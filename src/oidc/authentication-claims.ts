import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from "oidc-provider";
import type { AddAccessTokenClaims } from "./access-token-claims.js";

/**
 * When and how the person signed in, for tokens behind which there is one (RFC 9068 §2.2.1), so that
 * an API may ask for a newer or stronger sign-in (RFC 9470). The library keeps it in what the token
 * is issued from; a refresh tells of the sign-in that began the grant.
 */
export const addAuthenticationClaims: AddAccessTokenClaims = ({ ctx, token }) => {
  if (token.kind !== "AccessToken") return {};
  return claimsOf(findAuthentication(ctx));
};

/**
 * What is kept with an access token: of the sign-in behind it, what its request asked for at userinfo
 * (OpenID Connect Core §5.5). Who asks there later has no session to look at. An exchanged token
 * brings its own (`act`).
 */
export function extraTokenClaims(
  ctx: KoaContextWithOIDC,
  token: AccessToken | ClientCredentials,
): Record<string, unknown> | undefined {
  if (token.extra !== undefined || token.kind !== "AccessToken") return token.extra;
  const asked = token.claims?.userinfo ?? {};
  // A token with an audience is for an API, and not for userinfo.
  if (token.aud !== undefined || !NAMES.some((name) => Object.hasOwn(asked, name)))
    return undefined;
  return claimsOf(findAuthentication(ctx));
}

/** Of what was kept with an access token, what userinfo may tell. */
export function keptAuthenticationClaims(
  extra: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const names = NAMES.filter((name) => extra[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, extra[name]]));
}

const NAMES = ["auth_time", "acr", "amr"] as const;

interface Authentication {
  readonly authTime?: number | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
}

function claimsOf({ authTime, acr, amr }: Authentication): Record<string, unknown> {
  return {
    ...(authTime === undefined ? {} : { auth_time: authTime }),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
  };
}

function findAuthentication({ oidc }: KoaContextWithOIDC): Authentication {
  const { AuthorizationCode, RefreshToken, DeviceCode } = oidc.entities;
  const source = AuthorizationCode ?? RefreshToken ?? DeviceCode;
  if (source !== undefined) return source;
  // Only the authorization endpoint issues from the session itself.
  if (oidc.route === "token" || oidc.session === undefined) return {};
  const { acr, amr } = oidc.session;
  return { authTime: oidc.session.authTime(), acr, amr };
}
