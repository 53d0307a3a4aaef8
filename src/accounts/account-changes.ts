import type { AccountId } from "./account.js";
import {
  createCreateAccount,
  createSetPassword,
  type CreateAccount,
  type CreateAccountDeps,
  type SetPassword,
} from "./create-account.js";
import { createSetDisabled, type SetDisabled } from "./set-disabled.js";

export interface AccountChanges {
  readonly createAccount: CreateAccount;
  readonly setPassword: SetPassword;
  readonly setDisabled: SetDisabled;
}

export interface AccountChangesDeps extends CreateAccountDeps {
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
    setPassword: createSetPassword({ ...deps, endAccess: endFor("password_changed") }),
    setDisabled: createSetDisabled({ ...deps, endAccess: endFor("account_disabled") }),
  };
}
