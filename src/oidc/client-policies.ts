import {
  errors,
  type AccessToken,
  type Client,
  type ClientCredentials,
  type KoaContextWithOIDC,
  type RefreshToken,
} from "oidc-provider";
import { toAccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { Clock } from "../lib/clock.js";
import { jtiOfOpaque, type TokenAncestors, type TokenReference } from "./token-ancestors.js";
import type { AreTokensAlive } from "./token-liveness.js";
import type { ClientStore } from "../clients/client-store.js";

/** 5 min: an assertion is made for one request; RFC 7523 sets no bound (OA-10 of ASVS 10.4.16). */
const MAX_ASSERTION_SECONDS = 300;
/** 60 s: how far the clock of a client may be ahead (FAPI 2.0 Security Profile §5.3.2.1). */
const MAX_CLOCK_SKEW_SECONDS = 60;

/** A page of the client may read answers when it comes from an origin of its redirect URIs. */
export function clientBasedCors(_ctx: unknown, origin: string, client: Client): boolean {
  return (client.redirectUris ?? []).some((uri) => {
    const url = URL.parse(uri);
    return url !== null && url.origin !== "null" && url.origin === origin;
  });
}

export interface IntrospectionPolicyDeps {
  readonly clients: Pick<ClientStore, "find">;
  readonly accounts: Pick<AccountStore, "find">;
  readonly ancestors: Pick<TokenAncestors, "of">;
  readonly areTokensAlive: AreTokensAlive;
}

/** The client that a token was issued to, and the API that it is meant for. */
export interface TokenParties {
  readonly clientId: string | undefined;
  readonly audience: string | undefined;
}

export type IsShownTo = (client: Client, parties: TokenParties) => Promise<boolean>;

/**
 * A token is shown to the client that it was issued to and to the API that it is meant for
 * (RFC 7662 §4: any other caller could probe for tokens).
 */
export function createIsShownTo({ clients }: Pick<IntrospectionPolicyDeps, "clients">): IsShownTo {
  return async ({ clientId }, parties) => {
    if (parties.clientId === clientId) return true;
    const own = (await clients.find(clientId))?.policy.resourceServer;
    return own !== undefined && own === parties.audience;
  };
}

/**
 * Of stored tokens. They are not active any more once their account is disabled or deleted, or their
 * client is deleted.
 */
export function createIntrospectionPolicy(deps: IntrospectionPolicyDeps) {
  const { clients, accounts, ancestors, areTokensAlive } = deps;
  const isShownTo = createIsShownTo(deps);

  return async (
    _ctx: KoaContextWithOIDC,
    client: Client,
    token: AccessToken | ClientCredentials | RefreshToken,
  ): Promise<boolean> => {
    if (!(await isSubjectAlive(token))) return false;
    const audience = "aud" in token ? [token.aud].flat()[0] : undefined;
    if (!(await isShownTo(client, { clientId: token.clientId, audience }))) return false;
    // The library looks for the token's client afterwards, and fails when it is gone.
    return isKnown(token.clientId);
  };

  /** The library looks at the grant, which those of a client for itself and exchanged ones lack. */
  async function isSubjectAlive(
    token: AccessToken | ClientCredentials | RefreshToken,
  ): Promise<boolean> {
    if (token.kind !== "RefreshToken" && !hasGrant(token)) {
      return areTokensAlive([referenceOf(token), ...ancestors.of(token)]);
    }
    if (!("accountId" in token)) return true;
    return (await accounts.find(toAccountId(token.accountId)))?.disabled === false;
  }

  async function isKnown(clientId: string | undefined): Promise<boolean> {
    return clientId !== undefined && (await clients.find(clientId)) !== undefined;
  }
}

function hasGrant(token: AccessToken | ClientCredentials): boolean {
  return "grantId" in token && typeof token.grantId === "string";
}

function referenceOf(token: AccessToken | ClientCredentials): TokenReference {
  const { jti, clientId = "", iat: issuedAtSeconds, exp: expiresAtSeconds = 0 } = token;
  return { jti: jtiOfOpaque(jti), clientId, issuedAtSeconds, expiresAtSeconds };
}

/** A client revokes its own tokens; of any other it is told that it may not (RFC 7009 §2.1). */
export function assertMayRevoke(client: Client, token: { readonly clientId?: string }): void {
  if (token.clientId === client.clientId) return;
  throw new errors.InvalidRequest("client is not authorized to revoke the presented token");
}

export function mayRevoke(
  _ctx: unknown,
  client: Client,
  token: AccessToken | ClientCredentials | RefreshToken,
): boolean {
  assertMayRevoke(client, token.clientId === undefined ? {} : { clientId: token.clientId });
  return true;
}

/**
 * An assertion names this server's issuer and nothing else as its audience, so that one made for
 * another server or endpoint is of no use here (draft-ietf-oauth-rfc7523bis §4), and lives shortly.
 */
export function createAssertClientAssertion(clock: Clock) {
  return (ctx: KoaContextWithOIDC, claims: Record<string, unknown>): void => {
    if (claims["aud"] !== ctx.oidc.issuer) {
      throw new errors.InvalidClientAuth(
        "the aud (audience) of client_assertion must be the issuer identifier, as a single string",
      );
    }
    const nowSeconds = clock.nowSeconds();
    const latest = nowSeconds + MAX_ASSERTION_SECONDS;
    if (typeof claims["exp"] !== "number" || claims["exp"] > latest) {
      throw new errors.InvalidClientAuth("client_assertion must expire within 5 minutes");
    }
    if (typeof claims["iat"] === "number" && claims["iat"] > nowSeconds + MAX_CLOCK_SKEW_SECONDS) {
      throw new errors.InvalidClientAuth("client_assertion must not be issued in the future");
    }
  };
}

/**
 * Rotation at every use, with reuse detection (RFC 9700 §4.14.2). Not for confidential clients that
 * registered to use DPoP always: a lost answer would log them out, and a stolen token is of no use
 * without the client's own authentication and key (FAPI 2.0 Security Profile §5.3.2.1).
 */
export function rotateRefreshToken({ oidc }: KoaContextWithOIDC): boolean {
  const { Client: client } = oidc.entities;
  return !(client?.clientAuthMethod !== "none" && client?.dpopBoundAccessTokens === true);
}
