import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from "oidc-provider";
import type { ResourceServer, ResourceServerStore } from "../clients/resource-server-store.js";

/** An access token that is about to be signed as a JWT. */
export interface AccessTokenBeingIssued {
  readonly ctx: KoaContextWithOIDC;
  readonly token: AccessToken | ClientCredentials;
  /** What the library puts in (RFC 9068 §2.2), and whatever was added before. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The API that it is for. */
  readonly api: ResourceServer | undefined;
}

/** @returns the claims to add; those that are there already stay as they are. */
export type AddAccessTokenClaims = (
  issued: AccessTokenBeingIssued,
) => Promise<Record<string, unknown>> | Record<string, unknown>;

interface StructuredToken {
  payload: Record<string, unknown>;
}

/** The library's customizer of JWT access tokens, out of parts that each add claims, in this order. */
export function createAccessTokenCustomizer(
  resourceServers: Pick<ResourceServerStore, "find">,
  parts: readonly AddAccessTokenClaims[],
) {
  return async (
    ctx: KoaContextWithOIDC,
    token: AccessToken | ClientCredentials,
    jwt: StructuredToken,
  ): Promise<void> => {
    const audience = [token.aud ?? []].flat()[0];
    const api = audience === undefined ? undefined : await resourceServers.find(audience);
    for (const add of parts) {
      const adding = add({ ctx, token, claims: jwt.payload, api });
      // Every token waits for each turn of the event loop that a part takes.
      const added = adding instanceof Promise ? await adding : adding;
      // Most add nothing to most tokens, and a copy costs every one of them.
      if (Object.keys(added).length > 0) jwt.payload = { ...added, ...jwt.payload };
    }
  };
}
