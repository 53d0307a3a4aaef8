/**
 * Sign-in of people who come back from other providers, as far as accounts are concerned: whose
 * identity it is, a first account, an invitation taken up, an identity linked after proof. Knows no
 * protocol and no pages; `http/federation/` calls it.
 */
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import { randomToken } from "../lib/random-token.js";
import type { Account, AccountId } from "./account.js";
import type { AccountStore } from "./account-store.js";
import { generateAccountId } from "./create-account.js";
import {
  believedEmail,
  chooseUsername,
  decideFederatedSignIn,
  type FederatedRefusal,
  type FederatedSignInDecision,
} from "./decide-federated-sign-in.js";
import { createTakeOverProfile } from "./take-over-profile.js";
import type { FederatedIdentityStore, NewFederatedIdentity } from "./federated-identity-store.js";
import type { UpstreamPerson, UpstreamRules } from "./federated-identity.js";
import { IdentifierTakenError } from "./identifier-taken-error.js";

export interface FederatedSignInDeps {
  readonly accounts: Pick<AccountStore, "find" | "replaceProfile">;
  readonly federatedIdentities: FederatedIdentityStore;
  readonly logger: Pick<Logger, "warn">;
}

export type FederatedSignInResult =
  | {
      readonly outcome: "signed_in";
      readonly account: Account;
      readonly by: "identity" | "new_account" | "invitation";
    }
  /** Nothing was done yet: the person must sign in to this account, see `createLinkIdentity`. */
  | { readonly outcome: "must_prove"; readonly account: Account }
  | {
      readonly outcome: "refused";
      readonly reason: FederatedRefusal;
      /** For the log. */
      readonly accountId: AccountId | undefined;
    };

/**
 * Two first sign-ins of one person at once, at whichever nodes, make one account and both sign in
 * to it.
 */
export type FederatedSignIn = (
  person: UpstreamPerson,
  rules: UpstreamRules,
) => Promise<FederatedSignInResult>;

/** Each loses to somebody who came first; who comes that often is not a coincidence. */
const MAX_ATTEMPTS = 5;
/** 40 bit: enough to be nobody else's beside the same name. */
const SUFFIX_BYTES = 5;

interface Arrival {
  readonly person: UpstreamPerson;
  readonly rules: UpstreamRules;
  readonly attempt: number;
}

export function createFederatedSignIn(deps: FederatedSignInDeps): FederatedSignIn {
  const { accounts, federatedIdentities } = deps;
  const takeOverProfile = createTakeOverProfile(deps);

  async function findLinked(person: UpstreamPerson): Promise<Account | undefined> {
    const identity = await federatedIdentities.find(person);
    return identity === undefined ? undefined : accounts.find(identity.accountId);
  }

  async function decide({ person, rules }: Arrival): Promise<FederatedSignInDecision> {
    const email = believedEmail(rules, person);
    const known = await findLinked(person);
    const holder =
      known !== undefined || email === undefined
        ? undefined
        : await federatedIdentities.findAddressHolder(email);
    // Whoever has the address may be the same person, made by a sign-in between the two look-ups.
    const linked = holder === undefined ? known : await findLinked(person);
    return decideFederatedSignIn({ rules, person, linked, holder });
  }

  /** @returns undefined when somebody else was faster: then all is to be decided anew. */
  async function carryOut(
    decision: FederatedSignInDecision,
    arrival: Arrival,
  ): Promise<FederatedSignInResult | undefined> {
    const { outcome } = decision;
    if (outcome === "must_prove") return decision;
    if (outcome === "sign_in") return signIn(decision.account, arrival);
    if (outcome === "claim") return claim(decision.account, arrival);
    if (outcome === "create") return create(arrival);
    return { outcome: "refused", reason: decision.reason, accountId: decision.account?.id };
  }

  async function signIn(
    account: Account,
    { person, rules }: Arrival,
  ): Promise<FederatedSignInResult> {
    await federatedIdentities.recordUse(toNewIdentity(person, rules));
    if (rules.takesOverProfile) await takeOverProfile(account, person, rules);
    return { outcome: "signed_in", account, by: "identity" };
  }

  async function claim(
    account: Account,
    { person, rules }: Arrival,
  ): Promise<FederatedSignInResult | undefined> {
    const identity = toNewIdentity(person, rules);
    if (!(await federatedIdentities.claimInvitation(account.id, identity))) return undefined;
    await takeOverProfile(account, person, rules);
    return { outcome: "signed_in", account, by: "invitation" };
  }

  async function create({
    person,
    rules,
    attempt,
  }: Arrival): Promise<FederatedSignInResult | undefined> {
    const email = believedEmail(rules, person);
    const suffix = randomToken(SUFFIX_BYTES).toLowerCase();
    const { preferred, distinct } = chooseUsername({ rules, person }, suffix);
    const newAccount = {
      id: generateAccountId(),
      username: attempt === 1 ? preferred : distinct,
      email,
      emailVerified: email !== undefined,
      profile: person.claims.profile,
      demonstration: false,
      passwordHash: undefined,
    };
    try {
      const identity = toNewIdentity(person, rules);
      const account = await federatedIdentities.createAccount(newAccount, identity);
      return { outcome: "signed_in", account, by: "new_account" };
    } catch (err) {
      if (err instanceof IdentifierTakenError) return undefined;
      throw err;
    }
  }

  return async (person, rules) => {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const arrival = { person, rules, attempt };
      const result = await carryOut(await decide(arrival), arrival);
      if (result !== undefined) return result;
    }
    throw new LatchkeyError("account_contended", "Please try again.", { status: 503 });
  };
}

export function toNewIdentity(person: UpstreamPerson, rules: UpstreamRules): NewFederatedIdentity {
  const { issuer, subject, claims } = person;
  const display = claims.email ?? claims.username ?? claims.profile.name;
  return { issuer, subject, provider: rules.id, display };
}
