export function redirectUri(params: Readonly<Record<string, unknown>>): string | undefined {
  const uri = params["redirect_uri"];
  return typeof uri === "string" ? uri : undefined;
}

/** The host that a person returns to; undefined for a native application's own scheme. */
export function returnHost(params: Readonly<Record<string, unknown>>): string | undefined {
  const url = URL.parse(redirectUri(params) ?? "");
  return url === null || url.host === "" ? undefined : url.host;
}
