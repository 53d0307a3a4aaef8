import type { ChangeFeed } from "../lib/change-feed.js";
import { createReadCache } from "../lib/read-cache.js";
import { toAccountId, type Account } from "./account.js";
import type { AccountStore } from "./account-store.js";

/**
 * The same store, whose `find` keeps what it read (`ReadCache`) if changes are told. Signing in
 * always reads: password hashes are not kept.
 */
export function createCachedAccountStore(
  accounts: AccountStore,
  changes: ChangeFeed | undefined,
): AccountStore {
  if (changes === undefined) return accounts;
  const cache = createReadCache<Account>({
    table: "account",
    read: (id) => accounts.find(toAccountId(id)),
    changes,
  });
  return {
    ...accounts,
    find: (id) => cache.find(id),
    create: (account) => cache.write(account.id, () => accounts.create(account)),
    setDisabled: (id, disabled) => cache.write(id, () => accounts.setDisabled(id, disabled)),
    replaceProfile: (id, replaced) => cache.write(id, () => accounts.replaceProfile(id, replaced)),
    replaceEmail: (id, change) => cache.write(id, () => accounts.replaceEmail(id, change)),
    updateProfile: (id, change) => cache.write(id, () => accounts.updateProfile(id, change)),
    requestDeletion: (id, dueAtSeconds) =>
      cache.write(id, () => accounts.requestDeletion(id, dueAtSeconds)),
    cancelDeletion: (id) => cache.write(id, () => accounts.cancelDeletion(id)),
    removeClaimed: (id, claim) => cache.write(id, () => accounts.removeClaimed(id, claim)),
    deleteDemonstration: () => cache.write(undefined, () => accounts.deleteDemonstration()),
  };
}
