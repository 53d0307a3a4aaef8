import { toAccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { ClientStore } from "../clients/client-store.js";
import type { ResourceServerStore } from "../clients/resource-server-store.js";
import type { Revocations, TokenFacts } from "../tokens/revocations.js";
import type {
  VerifiedIssuedToken,
  VerifyIssuedAccessToken,
} from "../tokens/verify-issued-access-token.js";
import type { IsEnded } from "./is-ended.js";
import type { ModelPayload, ModelStore } from "./model-store.js";
import type { ModelValues } from "./model-values.js";
import { grantIdOfSession } from "./session-grant.js";
import type { TokenAncestor, TokenAncestors } from "./token-ancestors.js";
import type { AreTokensAlive } from "./token-liveness.js";
import { readTokenReferences } from "./token-references.js";

/** A JWT access token that every API should take now. */
export interface LiveAccessToken {
  /** As they are in the token, our own references (`REFERENCE_CLAIMS`) among them. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly facts: TokenFacts;
  /** The client that its grant was given to; undefined when it has no grant. */
  readonly grantClientId: string | undefined;
}

/**
 * @returns undefined for anything but a JWT access token of ours that is valid, for an API that is
 *   registered, of a client that is, of an account that may sign in, and that nothing has revoked.
 * @throws `temporarily_unavailable` when a store cannot say.
 */
export type FindLiveAccessToken = (token: string) => Promise<LiveAccessToken | undefined>;

export interface FindLiveAccessTokenDeps {
  readonly verifyAccessToken: VerifyIssuedAccessToken;
  readonly revocations: Pick<Revocations, "isRevoked">;
  readonly isEnded: IsEnded;
  readonly resourceServers: Pick<ResourceServerStore, "find">;
  readonly clients: Pick<ClientStore, "find">;
  readonly accounts: Pick<AccountStore, "find">;
  readonly models: Pick<ModelStore, "find" | "findSessionByUid">;
  readonly values: Pick<ModelValues, "unveil">;
  readonly ancestors: Pick<TokenAncestors, "open">;
  readonly areTokensAlive: AreTokensAlive;
}

export function createFindLiveAccessToken({
  verifyAccessToken,
  revocations,
  isEnded,
  resourceServers,
  clients,
  accounts,
  models,
  values,
  ancestors,
  areTokensAlive,
}: FindLiveAccessTokenDeps): FindLiveAccessToken {
  return async (token) => {
    const verified = verifyAccessToken(token);
    if (verified === undefined) return undefined;
    const lineage = ancestors.open(verified.claims);
    if (lineage === undefined) return undefined;
    const facts = toFacts(verified, lineage, values);
    // The models' store is asked once, for all at the same time.
    const [isRegistered, isLineageAlive, grant, session] = await Promise.all([
      isOfRegistered(facts),
      areTokensAlive(lineage),
      facts.grantId === undefined ? undefined : models.find("Grant", facts.grantId),
      facts.sessionUid === undefined ? undefined : models.findSessionByUid(facts.sessionUid),
    ]);
    if (!isRegistered || !isLineageAlive) return undefined;
    if (await isWithoutOrigin(facts, grant, session)) return undefined;
    if (await revocations.isRevoked(facts)) return undefined;
    const grantClientId = grant === undefined ? undefined : String(grant["clientId"]);
    return { claims: verified.claims, facts, grantClientId };
  };

  async function isOfRegistered({ audience, clientId, accountId }: TokenFacts): Promise<boolean> {
    const [api, client, account] = await Promise.all([
      resourceServers.find(audience),
      clients.find(clientId),
      accountId === undefined ? undefined : accounts.find(toAccountId(accountId)),
    ]);
    if (api === undefined || client === undefined) return false;
    return accountId === undefined || account?.disabled === false;
  }

  /** Its grant is gone, or the session that it ends with (or another grant has taken its place there). */
  async function isWithoutOrigin(
    { grantId, sessionUid, accountId }: TokenFacts,
    grant: ModelPayload | undefined,
    session: ModelPayload | undefined,
  ): Promise<boolean> {
    if (grantId === undefined) return false;
    if (grant === undefined || grant["accountId"] !== accountId) return true;
    if (await isEnded.grant(grantId, grant)) return true;
    if (sessionUid === undefined) return false;
    if (session === undefined || session["accountId"] !== accountId) return true;
    if (grantIdOfSession(session, String(grant["clientId"])) !== grantId) return true;
    return isEnded.session(session);
  }
}

function toFacts(
  verified: VerifiedIssuedToken,
  lineage: readonly TokenAncestor[],
  values: Pick<ModelValues, "unveil">,
): TokenFacts {
  const { claims, jti, clientId, audience, issuedAtSeconds, expiresAtSeconds } = verified;
  const { grantId, sessionUid } = readTokenReferences(claims, values);
  return {
    jti,
    clientId,
    audience,
    issuedAtSeconds,
    expiresAtSeconds,
    grantId,
    sessionUid,
    accountId: accountOf(verified, lineage),
  };
}

/** A client that acts for itself is the subject (RFC 9068 §2.2), also of what it was exchanged for. */
function accountOf(
  { subject, clientId }: VerifiedIssuedToken,
  lineage: readonly TokenAncestor[],
): string | undefined {
  const origin = lineage.find(({ role }) => role === "subject");
  if (origin !== undefined) return origin.accountId;
  return subject === clientId ? undefined : subject;
}
