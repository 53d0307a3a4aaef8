import type { Audit } from "../lib/audit.js";
import type { FinishAnswer } from "./finish-answers.js";
import { requestFacts } from "./request-facts.js";

/** Tells of revoked tokens (RFC 7009), for which the library has no event. */
export function createRevocationAudit(audit: Audit): FinishAnswer {
  return (ctx) => {
    if (ctx.oidc?.route !== "revocation" || ctx.status !== 200) return;
    const { AccessToken, ClientCredentials, RefreshToken } = ctx.oidc.entities;
    const token = AccessToken ?? RefreshToken ?? ClientCredentials;
    // A token that is not there is answered with 200 too (§2.2), and nothing was revoked.
    if (token === undefined) return;
    const accountId = "accountId" in token ? token.accountId : undefined;
    const { kind } = token;
    audit({ event: "token.revoked", outcome: "success", kind, ...requestFacts(ctx), accountId });
  };
}
