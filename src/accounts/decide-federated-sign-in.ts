import { checkUsername, isEmailAddress } from "./account-names.js";
import { maySignIn, type Account } from "./account.js";
import type { AddressHolder } from "./federated-identity-store.js";
import { domainOf, type UpstreamPerson, type UpstreamRules } from "./federated-identity.js";

/** Why nobody was signed in; each has words in `http/` and in the documentation. */
export const FEDERATED_REFUSALS = [
  /** The provider lets people of some domains in, and this one has no verified address in them. */
  "domain_not_allowed",
  /** The provider only signs in accounts that were linked with it. */
  "not_linked",
  /** The provider only signs in who was invited. */
  "not_invited",
  "account_disabled",
  /** Another account has the address, and nothing proves that it is the same person's. */
  "address_taken",
] as const;

export type FederatedRefusal = (typeof FEDERATED_REFUSALS)[number];

/** What is known when somebody comes back from a provider. */
export interface FederatedSignInFacts {
  readonly rules: UpstreamRules;
  readonly person: UpstreamPerson;
  /** The account that the identity belongs to. */
  readonly linked: Account | undefined;
  /** The account that has the address, when the provider is believed that it is the person's. */
  readonly holder: AddressHolder | undefined;
}

export type FederatedSignInDecision =
  | { readonly outcome: "sign_in"; readonly account: Account }
  | { readonly outcome: "create" }
  | { readonly outcome: "claim"; readonly account: Account }
  /** The person has to sign in to the account first; then the two are linked. */
  | { readonly outcome: "must_prove"; readonly account: Account }
  | { readonly outcome: "refuse"; readonly reason: FederatedRefusal; readonly account?: Account };

/**
 * Whom somebody from another provider is here. The identity, issuer and subject, alone leads to an
 * account that has a way in; an address never does, it only says which account may be proven
 * (ASVS 5.0 6.8.1).
 */
export function decideFederatedSignIn({
  rules,
  person,
  linked,
  holder,
}: FederatedSignInFacts): FederatedSignInDecision {
  if (!isDomainAllowed(rules, person)) return { outcome: "refuse", reason: "domain_not_allowed" };
  if (linked !== undefined && !maySignIn(linked)) {
    return { outcome: "refuse", reason: "account_disabled", account: linked };
  }
  if (linked !== undefined) return { outcome: "sign_in", account: linked };
  if (holder !== undefined) return decideAboutHolder(holder);
  if (rules.accounts === "create") return { outcome: "create" };
  return { outcome: "refuse", reason: rules.accounts === "link" ? "not_linked" : "not_invited" };
}

/** Who is disabled is not told: nobody has proven to be that account's owner. */
function decideAboutHolder({
  account,
  hasWayIn,
  isInvited,
}: AddressHolder): FederatedSignInDecision {
  const taken = { outcome: "refuse", reason: "address_taken", account } as const;
  if (account.disabled) return taken;
  if (isInvited) return { outcome: "claim", account };
  // An unverified address may have been put there by somebody who waits for its owner to link.
  return hasWayIn && account.emailVerified ? { outcome: "must_prove", account } : taken;
}

/** Also of people who are to be linked: they would not get in afterwards. */
export function isDomainAllowed(
  { allowedDomains }: UpstreamRules,
  { claims }: UpstreamPerson,
): boolean {
  if (allowedDomains.length === 0) return true;
  const { email, emailVerified } = claims;
  if (email === undefined || !emailVerified || !isEmailAddress(email)) return false;
  return allowedDomains.includes(domainOf(email));
}

/**
 * The person's address, if the provider says so and the operator believes it of that domain. Any
 * other counts for nothing: it finds no account, is not stored and does not reach applications,
 * some of which would take it for proof.
 */
export function believedEmail(
  { emailAuthoritativeFor }: UpstreamRules,
  { claims: { email, emailVerified } }: UpstreamPerson,
): string | undefined {
  if (email === undefined || !emailVerified || !isEmailAddress(email)) return undefined;
  const isBelieved =
    emailAuthoritativeFor.includes("*") || emailAuthoritativeFor.includes(domainOf(email));
  return isBelieved ? email : undefined;
}

/**
 * The user name of a new account: the believed address, the name that the person has there, or one
 * made of the provider's. `suffix` sets it apart from somebody else's.
 */
export function chooseUsername(
  { rules, person }: Pick<FederatedSignInFacts, "rules" | "person">,
  suffix: string,
): { readonly preferred: string; readonly distinct: string } {
  const email = believedEmail(rules, person);
  const distinct = `${rules.id}-${suffix}`;
  const known = [email, person.claims.username].find(
    (name) => name !== undefined && checkUsername(name, email).length === 0,
  );
  if (known === undefined) return { preferred: distinct, distinct };
  const named = `${known}-${suffix}`;
  const isUsable = known !== email && checkUsername(named, email).length === 0;
  return { preferred: known, distinct: isUsable ? named : distinct };
}
