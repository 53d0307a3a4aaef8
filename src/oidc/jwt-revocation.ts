import type { Client, KoaContextWithOIDC } from "oidc-provider";
import type { Audit } from "../lib/audit.js";
import type { Revocations } from "../tokens/revocations.js";
import { assertMayRevoke } from "./client-policies.js";
import type { FindLiveAccessToken, LiveAccessToken } from "./find-live-access-token.js";
import type { ModelStore } from "./model-store.js";
import { requestFacts } from "./request-facts.js";

export interface RevokeLiveTokenDeps {
  readonly revocations: Pick<Revocations, "revoke">;
  readonly models: Pick<ModelStore, "revokeByGrantId">;
}

/**
 * Ends an access token that is a JWT, and with it what a stored one would end: the tokens of its grant
 * (RFC 7009 §2.1); the grant itself stays. One without a grant, or of another client's, ends alone.
 */
export type RevokeLiveToken = (token: LiveAccessToken) => Promise<void>;

export function createRevokeLiveToken({
  revocations,
  models,
}: RevokeLiveTokenDeps): RevokeLiveToken {
  return async ({ facts, grantClientId }) => {
    const { grantId, jti, clientId, expiresAtSeconds } = facts;
    if (grantId === undefined || grantClientId !== clientId) {
      await revocations.revoke([{ subject: "token", id: jti, expiresAtSeconds }]);
      return;
    }
    // Before anything is deleted: until then the token can be found, should the rest have to be done again.
    await revocations.revoke([{ subject: "grant", id: grantId }]);
    await models.revokeByGrantId(grantId);
  };
}

export interface JwtRevocationDeps {
  readonly findLiveAccessToken: FindLiveAccessToken;
  readonly revokeLiveToken: RevokeLiveToken;
  readonly audit: Audit;
}

/** Revocation of an access token that is a JWT (RFC 7009 §2). */
export function createRevokeJwt({
  findLiveAccessToken,
  revokeLiveToken,
  audit,
}: JwtRevocationDeps) {
  return async (ctx: KoaContextWithOIDC, client: Client, token: string): Promise<void> => {
    const found = await findLiveAccessToken(token);
    if (found !== undefined) {
      assertMayRevoke(client, found.facts);
      await revokeLiveToken(found);
      const { accountId } = found.facts;
      const kind = accountId === undefined ? "ClientCredentials" : "AccessToken";
      const facts = { kind, format: "jwt", ...requestFacts(ctx), accountId };
      audit({ event: "token.revoked", outcome: "success", ...facts });
    }
    // A token that is none, or not valid any more, is answered in the same way (§2.2).
    ctx.status = 200;
    ctx.remove("Content-Type"); // of the refusal
    ctx.body = "";
  };
}
