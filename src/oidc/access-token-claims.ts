import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from "oidc-provider";

/** An access token that is about to be signed as a JWT. */
export interface AccessTokenBeingIssued {
  readonly ctx: KoaContextWithOIDC;
  readonly token: AccessToken | ClientCredentials;
  /** What the library puts in (RFC 9068 §2.2), and whatever was added before. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** @returns the claims to add; those that are there already stay as they are. */
export type AddAccessTokenClaims = (
  issued: AccessTokenBeingIssued,
) => Promise<Record<string, unknown>> | Record<string, unknown>;

interface StructuredToken {
  payload: Record<string, unknown>;
}

/** The library's customizer of JWT access tokens, out of parts that each add claims, in this order. */
export function createAccessTokenCustomizer(parts: readonly AddAccessTokenClaims[]) {
  return async (
    ctx: KoaContextWithOIDC,
    token: AccessToken | ClientCredentials,
    jwt: StructuredToken,
  ): Promise<void> => {
    for (const add of parts) {
      const added = await add({ ctx, token, claims: jwt.payload });
      // Most add nothing to most tokens, and a copy costs every one of them.
      if (Object.keys(added).length > 0) jwt.payload = { ...added, ...jwt.payload };
    }
  };
}
