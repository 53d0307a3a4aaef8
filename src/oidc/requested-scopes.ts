import type { KoaContextWithOIDC } from "oidc-provider";

/**
 * What the request that is under way asks for: its own scopes, or those of the code, device code or
 * refresh token that it redeems.
 */
export function requestedScopes({ oidc }: KoaContextWithOIDC): readonly string[] {
  const { AuthorizationCode, DeviceCode, RefreshToken } = oidc.entities;
  const source = AuthorizationCode ?? DeviceCode ?? RefreshToken;
  const scope = oidc.params?.["scope"];
  const asked = typeof scope === "string" ? scope : (source?.scope ?? "");
  return asked.split(" ").filter((each) => each !== "");
}
