import type { AccountId } from "./account.js";
import type { AccountStore } from "./account-store.js";
import {
  createCreateAccount,
  createSetPassword,
  type CreateAccount,
  type CreateAccountDeps,
  type SetPassword,
} from "./create-account.js";
import {
  createInviteAccount,
  type InviteAccount,
  type InviteAccountDeps,
} from "./invite-account.js";
import { createSetDisabled, type SetDisabled } from "./set-disabled.js";

export interface AccountChanges {
  readonly createAccount: CreateAccount;
  readonly inviteAccount: InviteAccount;
  readonly setPassword: SetPassword;
  readonly setDisabled: SetDisabled;
}

export interface AccountChangesDeps extends CreateAccountDeps, InviteAccountDeps {
  readonly accounts: AccountStore;
  /** Ends the sessions, grants and tokens of an account. */
  readonly endAccess: {
    ofAccount(
      id: AccountId,
      options: { readonly reason: "password_changed" | "account_disabled" },
    ): Promise<unknown>;
  };
}

/** What administrators change, with what ends by it. */
export function createAccountChanges(deps: AccountChangesDeps): AccountChanges {
  const endFor = (reason: "password_changed" | "account_disabled") => (id: AccountId) =>
    deps.endAccess.ofAccount(id, { reason });
  return {
    createAccount: createCreateAccount(deps),
    inviteAccount: createInviteAccount(deps),
    setPassword: createSetPassword({ ...deps, endAccess: endFor("password_changed") }),
    setDisabled: createSetDisabled({ ...deps, endAccess: endFor("account_disabled") }),
  };
}
