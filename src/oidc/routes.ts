/** What leads to one grant of the token endpoint each; see `http/token-routes.ts`. */
export const GRANT_ROUTES = {
  refresh: "/token/refresh",
  login: "/login",
  authorizationChallenge: "/authorize-challenge",
} as const;

/** Where the protocol's endpoints lie below the issuer. */
export const ROUTES = {
  authorization: "/auth",
  token: "/token",
  registration: "/clients/register",
  revocation: "/token/revoke",
  introspection: "/token/introspect",
  userinfo: "/me",
  jwks: "/jwks",
  end_session: "/session/end",
  pushed_authorization_request: "/request",
  code_verification: "/device",
  device_authorization: "/device/auth",
} as const;

/** Not the library's; its metadata tell of it. */
export const GLOBAL_TOKEN_REVOCATION_ROUTE = "/global-token-revocation";
