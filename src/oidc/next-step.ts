import type { AccountId } from "../accounts/account.js";
import { MULTI_FACTOR_ACR, PHISHING_RESISTANT_ACR, satisfies } from "./authentication-context.js";
import { meets, type AuthenticationDemand } from "./authentication-demand.js";

/** What comes after somebody has proven who they are. */
export type NextStep =
  | "done"
  /** With what the account has. */
  | "second_step"
  /** The account gets what it lacks first. */
  | "set_up"
  /** No step leads to what is asked for. */
  | "unmet";

/** What an account has for a second step. */
export interface Factors {
  readonly authenticator: boolean;
  readonly passkey: boolean;
}

export type FindFactors = (id: AccountId) => Promise<Factors>;

export interface ProvenSoFar {
  readonly acr: string | undefined;
  /** Somebody else vouched for the person. */
  readonly isFederated: boolean;
  readonly has: Factors;
}

/**
 * A second step that a person has set up protects their password. Another provider looks after its
 * sign-ins by itself: after one of those it is asked for only on somebody's demand.
 */
export function decideNextStep(
  { acr, isFederated, has }: ProvenSoFar,
  demand: AuthenticationDemand,
  { maySetUp }: { readonly maySetUp: boolean },
): NextStep {
  const isStrong = satisfies(acr, MULTI_FACTOR_ACR);
  const isProtected = has.authenticator && !isFederated && !isStrong;
  if (meets(acr, demand) && !isProtected) return "done";
  const byCode = !isStrong && meets(MULTI_FACTOR_ACR, demand);
  const byPasskey = meets(PHISHING_RESISTANT_ACR, demand);
  if (hasOneOf(has, { authenticator: byCode, passkey: byPasskey })) return "second_step";
  return byCode && maySetUp ? "set_up" : "unmet";
}

function hasOneOf(has: Factors, wanted: Factors): boolean {
  return (has.authenticator && wanted.authenticator) || (has.passkey && wanted.passkey);
}
