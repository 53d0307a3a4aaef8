import type { KoaContextWithOIDC } from "oidc-provider";
import type { AddAccessTokenClaims } from "./access-token-claims.js";

/**
 * When and how the person signed in, for tokens behind which there is one (RFC 9068 §2.2.1), so that
 * an API may ask for a newer or stronger sign-in (RFC 9470). The library keeps it in what the token
 * is issued from; a refresh tells of the sign-in that began the grant.
 */
export const addAuthenticationClaims: AddAccessTokenClaims = ({ ctx, token }) => {
  if (token.kind !== "AccessToken") return {};
  const { authTime, acr, amr } = findAuthentication(ctx);
  return {
    ...(authTime === undefined ? {} : { auth_time: authTime }),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
  };
};

interface Authentication {
  readonly authTime?: number | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
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
