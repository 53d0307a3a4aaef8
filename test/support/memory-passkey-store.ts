import type { Passkey } from "../../src/accounts/passkey.js";
import type { PasskeyStore } from "../../src/accounts/passkey-store.js";
import type { Clock } from "../../src/lib/clock.js";

type Kept = Pick<PasskeyStore, "find" | "listOfAccount" | "add" | "recordUse">;

/** As much of a PasskeyStore as enrolment and sign-in need; forgets. */
export function createMemoryPasskeyStore(clock: Clock): Kept {
  const rows = new Map<string, Passkey>();
  return {
    find: async (credentialId) => rows.get(credentialId),
    listOfAccount: async (id) => [...rows.values()].filter(({ accountId }) => accountId === id),
    async add(id, passkey) {
      if (rows.has(passkey.credentialId)) return false;
      const createdAtSeconds = clock.nowSeconds();
      const whole = { ...passkey, accountId: id, createdAtSeconds, lastUsedAtSeconds: undefined };
      rows.set(passkey.credentialId, whole);
      return true;
    },
    async recordUse(credentialId, { counter, isBackedUp }) {
      const row = rows.get(credentialId);
      const isGrown = row !== undefined && (row.counter < counter || row.counter + counter === 0);
      if (!isGrown) return false;
      const lastUsedAtSeconds = clock.nowSeconds();
      rows.set(credentialId, { ...row, counter, isBackedUp, lastUsedAtSeconds });
      return true;
    },
  };
}
