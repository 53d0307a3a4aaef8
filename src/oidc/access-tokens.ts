import type { AccessToken, ClientCredentials, Provider } from "oidc-provider";
import type { FindLiveAccessToken } from "./find-live-access-token.js";

/** What a bearer of a valid access token may be told about it. */
export interface AccessTokenFacts {
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly format: "jwt" | "opaque";
  readonly expiresAtSeconds: number;
}

/**
 * Looks an access token up as an API on this server would: a JWT for `audience`, or an opaque token
 * without audience. Sender-constrained tokens are no bearer tokens and are not found (RFC 9449 §7.2).
 */
export function createFindAccessToken(
  provider: Provider,
  findLiveAccessToken: FindLiveAccessToken,
): (token: string, audience: string) => Promise<AccessTokenFacts | undefined> {
  return async (token, audience) =>
    token.split(".").length === 3 ? findJwt(token, audience) : findOpaque(token, audience);

  async function findJwt(token: string, audience: string): Promise<AccessTokenFacts | undefined> {
    const found = await findLiveAccessToken(token);
    if (found?.facts.audience !== audience || found.claims["cnf"] !== undefined) return undefined;
    const { sub, scope } = found.claims;
    return {
      subject: String(sub),
      clientId: found.facts.clientId,
      scopes: typeof scope === "string" ? scope.split(" ") : [],
      format: "jwt",
      expiresAtSeconds: found.facts.expiresAtSeconds,
    };
  }

  async function findOpaque(
    token: string,
    audience: string,
  ): Promise<AccessTokenFacts | undefined> {
    const found = await findStored(token);
    if (found === undefined || !isBearerFor(found, audience)) return undefined;
    const { clientId = "", scope = "", exp = 0 } = found;
    if (found.kind === "AccessToken" && !(await hasGrant(found.grantId))) return undefined;
    return {
      subject: found.kind === "AccessToken" ? found.accountId : clientId,
      clientId,
      scopes: scope.split(" "),
      format: "opaque",
      expiresAtSeconds: exp,
    };
  }

  /** Without an audience it is for this server itself. */
  function isBearerFor(token: AccessToken | ClientCredentials, audience: string): boolean {
    return !token.isSenderConstrained() && (token.aud === undefined || token.aud === audience);
  }

  async function findStored(token: string) {
    return (
      (await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token))
    );
  }

  /** A revoked grant takes its tokens with it. */
  async function hasGrant(grantId: string | undefined): Promise<boolean> {
    return grantId !== undefined && (await provider.Grant.find(grantId)) !== undefined;
  }
}
