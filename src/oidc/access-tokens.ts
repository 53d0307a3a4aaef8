import type { AccessToken, ClientCredentials, Provider } from "oidc-provider";
import type { JsonWebKey } from "node:crypto";
import { verifyAccessToken } from "../tokens/verify-access-token.js";

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
  publicKeys: () => readonly JsonWebKey[],
): (token: string, audience: string) => Promise<AccessTokenFacts | undefined> {
  return async (token, audience) =>
    token.split(".").length === 3 ? findJwt(token, audience) : findOpaque(token, audience);

  async function findJwt(token: string, audience: string): Promise<AccessTokenFacts | undefined> {
    const jwks = { keys: publicKeys().map((key) => ({ ...key, kty: String(key.kty) })) };
    const found = await verifyAccessToken(token, { issuer: provider.issuer, audience, jwks });
    if (found === undefined || found.payload["cnf"] !== undefined) return undefined;
    const { sub = "", exp = 0, client_id: clientId } = found.payload;
    return {
      subject: sub,
      clientId: String(clientId),
      scopes: [...found.scopes],
      format: "jwt",
      expiresAtSeconds: exp,
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
