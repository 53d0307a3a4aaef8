import type { Provider } from "oidc-provider";
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
  publicKeys: readonly JsonWebKey[],
): (token: string, audience: string) => Promise<AccessTokenFacts | undefined> {
  const jwks = { keys: publicKeys.map((key) => ({ ...key, kty: String(key.kty) })) };

  return async (token, audience) =>
    token.split(".").length === 3
      ? findJwt(token, audience)
      : findOpaque(token, audience);

  async function findJwt(token: string, audience: string): Promise<AccessTokenFacts | undefined> {
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

  async function findOpaque(token: string, audience: string): Promise<AccessTokenFacts | undefined> {
    const found =
      (await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token));
    if (found === undefined || found.isSenderConstrained()) return undefined;
    if (found.aud !== undefined && found.aud !== audience) return undefined;
    if (found.kind === "AccessToken" && (await provider.Grant.find(found.grantId ?? "")) === undefined) {
      return undefined;
    }
    return {
      subject: "accountId" in found ? found.accountId : (found.clientId ?? ""),
      clientId: found.clientId ?? "",
      scopes: found.scope?.split(" ") ?? [],
      format: "opaque",
      expiresAtSeconds: found.exp ?? 0,
    };
  }
}
