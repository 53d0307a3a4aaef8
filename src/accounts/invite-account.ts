import { LatchkeyError } from "../lib/errors.js";
import type { Clock } from "../lib/clock.js";
import { checkEmail } from "./account-names.js";
import type { Account, ProfileClaims } from "./account.js";
import type { AccountStore } from "./account-store.js";
import { generateAccountId, InvalidAccountError } from "./create-account.js";
import type { FederatedIdentityStore } from "./federated-identity-store.js";
import { IdentifierTakenError } from "./identifier-taken-error.js";

export interface InviteAccountDeps {
  readonly accounts: Pick<AccountStore, "create">;
  readonly federatedIdentities: Pick<FederatedIdentityStore, "findAddressHolder" | "invite">;
  readonly clock: Clock;
}

export interface Invitation {
  readonly email: string;
  readonly profile: ProfileClaims;
  readonly validSeconds: number;
}

/**
 * An account without a password, for the person who comes from a provider that is believed of this
 * address and says that it is theirs. An account that still waits, or waited in vain, waits anew.
 *
 * @throws InvalidAccountError, IdentifierTakenError when somebody has the address already.
 */
export type InviteAccount = (invitation: Invitation) => Promise<Account>;

export function createInviteAccount(deps: InviteAccountDeps): InviteAccount {
  const { accounts, federatedIdentities, clock } = deps;
  return async ({ email, profile, validSeconds }) => {
    const problems = checkEmail(email);
    if (problems.length > 0) throw new InvalidAccountError(problems);
    const invitedUntilSeconds = clock.nowSeconds() + validSeconds;
    const holder = await federatedIdentities.findAddressHolder(email);
    if (holder === undefined) {
      return accounts.create({
        id: generateAccountId(),
        username: email,
        email,
        emailVerified: false,
        profile,
        demonstration: false,
        passwordHash: undefined,
        invitedUntilSeconds,
      });
    }
    if (holder.hasWayIn) throw new IdentifierTakenError(email);
    if (!(await federatedIdentities.invite(holder.account.id, invitedUntilSeconds))) {
      throw new LatchkeyError("account_not_found", "There is no such account.", { status: 404 });
    }
    return holder.account;
  };
}
