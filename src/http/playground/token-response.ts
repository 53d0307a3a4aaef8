export interface TokenResponse {
  readonly accessToken: string;
  readonly expiresInSeconds: number | undefined;
  readonly scope: string | undefined;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
}

/** RFC 6749 §5.1; undefined when there is no access token to be had from it. */
export function parseTokenResponse(
  json: Readonly<Record<string, unknown>> | undefined,
): TokenResponse | undefined {
  const text = (name: string) => {
    const value = json?.[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const accessToken = text("access_token");
  const expiresIn = json?.["expires_in"];
  if (accessToken === undefined) return undefined;
  return {
    accessToken,
    expiresInSeconds: typeof expiresIn === "number" ? expiresIn : undefined,
    scope: text("scope"),
    refreshToken: text("refresh_token"),
    idToken: text("id_token"),
  };
}

/** "The server issued an access token and an ID token." */
export function describeIssued({ refreshToken, idToken }: TokenResponse): string {
  const tokens = [
    "an access token",
    ...(refreshToken === undefined ? [] : ["a refresh token"]),
    ...(idToken === undefined ? [] : ["an ID token"]),
  ];
  return `The server issued ${new Intl.ListFormat("en").format(tokens)}.`;
}
