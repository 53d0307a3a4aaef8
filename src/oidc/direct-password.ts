import type { TokenEndpointGrantContext } from "oidc-provider";
import { PasswordHashingOverloadedError } from "../accounts/password-hashing-overloaded-error.js";
import { accountIdOf, type SignIn, type SignInResult } from "../accounts/sign-in.js";
import type { Audit } from "../lib/audit.js";
import { TooManyAttempts } from "./attempt-guards.js";
import { WrongCredentials } from "./first-party-errors.js";
import { requestFacts } from "./request-facts.js";
import { temporarilyUnavailable } from "./translate-outages.js";

export type VerifiedPerson = Extract<SignInResult, { outcome: "signed_in" }>;

/**
 * The sign-in of the pages, with the same audit line.
 *
 * @throws the OAuth errors `invalid_grant`, the same for every reason, and `temporarily_unavailable`;
 *   of too many attempts with 429 and `Retry-After`
 */
export type VerifyPerson = (
  ctx: TokenEndpointGrantContext,
  credentials: { identifier: string; password: string },
) => Promise<VerifiedPerson>;

export function createVerifyPerson({
  signIn,
  audit,
}: {
  readonly signIn: SignIn;
  readonly audit: Audit;
}): VerifyPerson {
  return async (ctx, credentials) => {
    const from = { ip: ctx.ip, ...requestFacts(ctx) };
    const result = await signIn({ ...credentials, from }).catch((err: unknown) => {
      throw err instanceof PasswordHashingOverloadedError ? temporarilyUnavailable(err) : err;
    });
    const { requestId, ip, clientId } = requestFacts(ctx);
    const who = { requestId, ip, clientId, accountId: accountIdOf(result) };
    if (result.outcome === "refused") {
      audit({ event: "sign_in", outcome: "failure", reason: result.reason, ...who });
      if (result.retryAfterSeconds !== undefined) {
        ctx.set("Retry-After", String(result.retryAfterSeconds));
        throw new TooManyAttempts();
      }
      throw new WrongCredentials();
    }
    audit({ event: "sign_in", outcome: "success", ...who });
    return result;
  };
}
