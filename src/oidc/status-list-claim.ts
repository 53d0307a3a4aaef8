import type { ResourceServer } from "../clients/resource-server-store.js";
import type { StatusListAllocator } from "../tokens/status-list-allocator.js";
import type { TokenSubjects } from "../tokens/status-list-store.js";
import type { TokenAncestor, TokenAncestors } from "./token-ancestors.js";
import type { AccessTokenBeingIssued, AddAccessTokenClaims } from "./access-token-claims.js";

export interface StatusListClaimDeps {
  readonly statusListAllocator: StatusListAllocator;
  readonly ancestors: Pick<TokenAncestors, "of">;
}

/**
 * Adds `status` to the tokens of APIs that want it (draft-ietf-oauth-status-list-21 §6.2). The token
 * is issued only once its place in the list is written.
 */
export function createStatusListClaim(deps: StatusListClaimDeps): AddAccessTokenClaims {
  return (issued) => (issued.api?.statusList === true ? allocate(issued, issued.api) : {});

  async function allocate(issued: AccessTokenBeingIssued, api: ResourceServer) {
    const reference = await deps.statusListAllocator.allocate({
      api: api.identifier,
      jti: requireText(issued, "jti"),
      ...subjectsOf(issued.token),
      ancestors: deps.ancestors.of(issued.token).map(toSubjects),
      clientId: requireText(issued, "client_id"),
      issuedAtSeconds: requireNumber(issued, "iat"),
      expiresAtSeconds: requireNumber(issued, "exp"),
    });
    return { status: { status_list: reference } };
  }
}

/** What a machine's token has none of. */
function subjectsOf(token: AccessTokenBeingIssued["token"]) {
  if (!("accountId" in token)) {
    return { grantId: undefined, sessionUid: undefined, accountId: undefined };
  }
  const { grantId, accountId, expiresWithSession, sessionUid } = token;
  return { grantId, accountId, sessionUid: expiresWithSession === true ? sessionUid : undefined };
}

function toSubjects(ancestor: TokenAncestor): TokenSubjects {
  const { jti, clientId, issuedAtSeconds, accountId, grantId, sessionUid } = ancestor;
  return { jti, clientId, issuedAtSeconds, accountId, grantId, sessionUid };
}

function requireText({ claims }: AccessTokenBeingIssued, name: string): string {
  const value = claims[name];
  if (typeof value !== "string") throw new TypeError(`an access token has no ${name}`);
  return value;
}

function requireNumber({ claims }: AccessTokenBeingIssued, name: string): number {
  const value = claims[name];
  if (typeof value !== "number") throw new TypeError(`an access token has no ${name}`);
  return value;
}
