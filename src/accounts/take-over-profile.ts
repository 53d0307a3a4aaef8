import type { Logger } from "../lib/logger.js";
import { normalizeIdentifier, type Account, type ProfileClaims } from "./account.js";
import type { AccountStore } from "./account-store.js";
import { believedEmail } from "./decide-federated-sign-in.js";
import type { UpstreamPerson, UpstreamRules } from "./federated-identity.js";
import { IdentifierTakenError } from "./identifier-taken-error.js";

export interface TakeOverProfileDeps {
  readonly accounts: Pick<AccountStore, "replaceProfile">;
  readonly logger: Pick<Logger, "warn">;
}

export type TakeOverProfile = (
  account: Account,
  person: UpstreamPerson,
  rules: UpstreamRules,
) => Promise<void>;

/**
 * Brings an account to what its provider says now: claims that it gives replace ours, those that it
 * does not give stay, and so does an address that another account has. Writes only what differs.
 */
export function createTakeOverProfile({ accounts, logger }: TakeOverProfileDeps): TakeOverProfile {
  return async (account, person, rules) => {
    const email = newEmail(account, person, rules);
    const given = person.claims.profile;
    if (email === undefined && !differs(account.profile, given)) return;
    const profile = { ...account.profile, ...given };
    try {
      await accounts.replaceProfile(account.id, { profile, email });
    } catch (err) {
      if (!(err instanceof IdentifierTakenError)) throw err;
      logger.warn({ accountId: account.id }, "new address of an account is another account's");
      await accounts.replaceProfile(account.id, { profile, email: undefined });
    }
  };
}

function newEmail({ email, emailVerified }: Account, person: UpstreamPerson, rules: UpstreamRules) {
  const believed = believedEmail(rules, person);
  if (believed === undefined) return undefined;
  const isSame =
    email !== undefined && normalizeIdentifier(email) === normalizeIdentifier(believed);
  return isSame && emailVerified ? undefined : believed;
}

function differs(ours: ProfileClaims, given: ProfileClaims): boolean {
  const known = new Map<string, unknown>(Object.entries(ours));
  return Object.entries(given).some(([name, value]) => known.get(name) !== value);
}
