import type { AccountId } from "./account.js";
import type { AccountStore } from "./account-store.js";
import type { EndAccountAccess } from "./create-account.js";

export interface SetDisabledDeps {
  readonly accounts: Pick<AccountStore, "setDisabled">;
  readonly endAccess: EndAccountAccess;
}

/**
 * Refuses sign-in and ends all that the account has open, for good; or allows sign-in again.
 * @returns false when there is no such account.
 */
export type SetDisabled = (id: AccountId, disabled: boolean) => Promise<boolean>;

export function createSetDisabled({ accounts, endAccess }: SetDisabledDeps): SetDisabled {
  return async (id, disabled) => {
    if (!(await accounts.setDisabled(id, disabled))) return false;
    // Afterwards: nobody signs in any more, so nothing comes after what is ended.
    if (disabled) await endAccess(id);
    return true;
  };
}
