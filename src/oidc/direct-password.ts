import type { TokenEndpointGrantContext } from "oidc-provider";
import { PasswordHashingOverloadedError } from "../accounts/password-hashing-overloaded-error.js";
import { accountIdOf, type SignIn, type SignInResult } from "../accounts/sign-in.js";
import type { Account } from "../accounts/account.js";
import type { Audit } from "../lib/audit.js";
import { PASSWORD_ACR } from "./authentication-context.js";
import type { FindDemand } from "./authentication-demand.js";
import { TooManyAttempts } from "./attempt-guards.js";
import { SecondStepNeeded, WrongCredentials } from "./first-party-errors.js";
import { decideNextStep, type FindFactors } from "./next-step.js";
import { requestFacts } from "./request-facts.js";
import { temporarilyUnavailable } from "./translate-outages.js";

export type VerifiedPerson = Extract<SignInResult, { outcome: "signed_in" }>;

/**
 * The sign-in of the pages, with the same audit line.
 *
 * @throws the OAuth errors `invalid_grant`, the same for every reason, and `temporarily_unavailable`;
 *   `insufficient_authorization` when a password is not enough (`SecondStepNeeded`);
 *   of too many attempts with 429 and `Retry-After`
 */
export type VerifyPerson = (
  ctx: TokenEndpointGrantContext,
  credentials: { identifier: string; password: string },
) => Promise<VerifiedPerson>;

export interface VerifyPersonDeps {
  readonly signIn: SignIn;
  readonly findDemand: FindDemand;
  readonly findFactors: FindFactors;
  readonly audit: Audit;
}

export function createVerifyPerson(deps: VerifyPersonDeps): VerifyPerson {
  const { signIn, audit } = deps;

  /** As at the pages, where a password alone leads to the next step. */
  async function isEnough(ctx: TokenEndpointGrantContext, { id }: Account): Promise<boolean> {
    const { client, params } = ctx.oidc;
    const [demand, has] = await Promise.all([
      deps.findDemand({ clientId: client.clientId, params }),
      deps.findFactors(id),
    ]);
    const proven = { acr: PASSWORD_ACR, isFederated: false, has };
    return decideNextStep(proven, demand, { maySetUp: false }) === "done";
  }

  return async (ctx, credentials) => {
    const from = { ip: ctx.ip, ...requestFacts(ctx) };
    const result = await signIn({ ...credentials, from }).catch((err: unknown) => {
      throw err instanceof PasswordHashingOverloadedError ? temporarilyUnavailable(err) : err;
    });
    const { requestId, ip, clientId } = requestFacts(ctx);
    const who = { requestId, ip, clientId, accountId: accountIdOf(result) };
    // One that is to be deleted signs in on its own pages alone.
    if (result.outcome === "signed_in" && result.account.disabled) throw new WrongCredentials();
    if (result.outcome === "refused") {
      audit({ event: "sign_in", outcome: "failure", reason: result.reason, ...who });
      if (result.retryAfterSeconds !== undefined) {
        ctx.set("Retry-After", String(result.retryAfterSeconds));
        throw new TooManyAttempts();
      }
      throw new WrongCredentials();
    }
    if (!(await isEnough(ctx, result.account))) {
      audit({ event: "sign_in", outcome: "failure", reason: "second_step", ...who });
      throw new SecondStepNeeded();
    }
    audit({ event: "sign_in", outcome: "success", ...who });
    return result;
  };
}
