import type { Account, AccountId } from "./account.js";
import type { AccountStore } from "./account-store.js";
import type { FederatedIdentityStore } from "./federated-identity-store.js";
import { toNewIdentity } from "./federated-sign-in.js";
import type { UpstreamPerson, UpstreamRules } from "./federated-identity.js";

export interface LinkIdentityDeps {
  readonly accounts: Pick<AccountStore, "find">;
  readonly federatedIdentities: Pick<FederatedIdentityStore, "find" | "link" | "recordUse">;
}

/**
 * Links an identity with an account whose owner has just proven to be it, in this browser.
 *
 * @returns `taken` when the identity is another account's, `unavailable` when the account is
 *   disabled or gone.
 */
export type LinkIdentity = (
  accountId: AccountId,
  person: UpstreamPerson,
  rules: UpstreamRules,
) => Promise<{ readonly outcome: "linked"; readonly account: Account } | LinkRefusal>;

interface LinkRefusal {
  readonly outcome: "taken" | "unavailable";
}

export function createLinkIdentity({
  accounts,
  federatedIdentities,
}: LinkIdentityDeps): LinkIdentity {
  return async (accountId, person, rules) => {
    const account = await accounts.find(accountId);
    if (account === undefined || account.disabled) return { outcome: "unavailable" };
    const identity = toNewIdentity(person, rules);
    if (!(await federatedIdentities.link(accountId, identity))) return { outcome: "taken" };
    await federatedIdentities.recordUse(identity);
    return { outcome: "linked", account };
  };
}
