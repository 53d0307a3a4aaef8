import type { AccessToken, ClientCredentials, Provider } from "oidc-provider";
import type { FindLiveAccessToken } from "./find-live-access-token.js";

/** What an API inside the server asks it about tokens, instead of its endpoints. */
export interface OwnApiTokens {
  /** As an introspection endpoint answers (RFC 7662 §2.2), for JWTs and opaque tokens. */
  readonly introspect: (token: string) => Promise<Readonly<Record<string, unknown>>>;
  /** Once for all nodes (RFC 9449 §11.1). */
  readonly useProofOnce: (id: string, expiresAtMs: number) => Promise<boolean>;
}

/** Sets the proofs for this API apart from those for the token endpoint. */
const REPLAY_SCOPE = "own-api";
const INACTIVE = { active: false };

/** @param identifier what opaque tokens without an audience are for. */
export function createOwnApiTokens(
  provider: Provider,
  findLiveAccessToken: FindLiveAccessToken,
  identifier: string,
): OwnApiTokens {
  async function introspectJwt(token: string) {
    const found = await findLiveAccessToken(token);
    return found === undefined ? INACTIVE : { ...found.claims, active: true };
  }

  async function introspectOpaque(token: string) {
    const found = await findStored(token);
    if (found === undefined) return INACTIVE;
    if (found.kind === "AccessToken" && !(await hasGrant(found.grantId))) return INACTIVE;
    return {
      active: true,
      iss: provider.issuer,
      aud: found.aud ?? identifier,
      sub: found.kind === "AccessToken" ? found.accountId : found.clientId,
      client_id: found.clientId,
      scope: found.scope,
      iat: found.iat,
      exp: found.exp,
      cnf: confirmationOf(found),
    };
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

  return {
    introspect: (token) =>
      token.split(".").length === 3 ? introspectJwt(token) : introspectOpaque(token),
    useProofOnce: (id, expiresAtMs) =>
      provider.ReplayDetection.unique(REPLAY_SCOPE, id, Math.ceil(expiresAtMs / 1000)),
  };
}

/** RFC 9449 §6.2, RFC 8705 §3.2. */
function confirmationOf(token: AccessToken | ClientCredentials) {
  const { jkt, "x5t#S256": sha256 } = token;
  if (jkt === undefined && sha256 === undefined) return undefined;
  return {
    ...(jkt === undefined ? {} : { jkt }),
    ...(sha256 === undefined ? {} : { "x5t#S256": sha256 }),
  };
}
