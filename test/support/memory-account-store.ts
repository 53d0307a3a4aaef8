import { normalizeIdentifier, type Account, type AccountId } from "../../src/accounts/account.js";
import type { AccountStore, NewAccount } from "../../src/accounts/account-store.js";
import { IdentifierTakenError } from "../../src/accounts/identifier-taken-error.js";
import { systemClock, type Clock } from "../../src/lib/clock.js";

interface Row {
  account: Account;
  passwordHash: string | undefined;
}

interface ChangedRow {
  readonly account?: Partial<Account>;
  readonly passwordHash?: string;
}

/** An AccountStore that forgets, for tests of what uses one. */
export function createMemoryAccountStore(clock: Clock = systemClock): AccountStore {
  const rows = new Map<AccountId, Row>();

  const identifiersOf = ({ username, email }: Pick<NewAccount, "username" | "email">) =>
    [username, email].filter((identifier) => identifier !== undefined).map(normalizeIdentifier);

  function findRow(identifier: string): Row | undefined {
    const wanted = normalizeIdentifier(identifier);
    return [...rows.values()].find(({ account }) => identifiersOf(account).includes(wanted));
  }

  function change(id: AccountId, { account, passwordHash }: ChangedRow): boolean {
    const row = rows.get(id);
    if (row === undefined) return false;
    row.account = { ...row.account, ...account, updatedAtSeconds: clock.nowSeconds() };
    row.passwordHash = passwordHash ?? row.passwordHash;
    return true;
  }

  return {
    async create({ passwordHash, ...data }) {
      const taken = identifiersOf(data).find((identifier) => findRow(identifier) !== undefined);
      if (taken !== undefined) throw new IdentifierTakenError(taken);
      const now = clock.nowSeconds();
      const account = { ...data, disabled: false, createdAtSeconds: now, updatedAtSeconds: now };
      rows.set(data.id, { account, passwordHash });
      return account;
    },
    async find(id) {
      return rows.get(id)?.account;
    },
    async findForSignIn(identifier) {
      const row = findRow(identifier);
      return row === undefined ? undefined : { ...row };
    },
    async list({ after, limit }) {
      const ordered = [...rows.values()]
        .map(({ account }) => account)
        .toSorted((a, b) => a.createdAtSeconds - b.createdAtSeconds || (a.id < b.id ? -1 : 1));
      const start = after === undefined ? 0 : ordered.findIndex(({ id }) => id === after) + 1;
      return ordered.slice(start, start + limit);
    },
    async setDisabled(id, disabled) {
      return change(id, { account: { disabled } });
    },
    async replaceProfile(id, { profile, email }) {
      const changed = email === undefined ? { profile } : { profile, email, emailVerified: true };
      return change(id, { account: changed });
    },
    async replaceEmail(id, { from, to }) {
      const row = rows.get(id);
      if (row === undefined || row.account.email !== from) return false;
      const holder = findRow(to);
      if (holder !== undefined && holder !== row) throw new IdentifierTakenError(to);
      const { username } = row.account;
      const follows =
        from !== undefined && normalizeIdentifier(username) === normalizeIdentifier(from);
      const changed = { email: to, emailVerified: true, username: follows ? to : username };
      return change(id, { account: changed });
    },
    async setPasswordHash(id, passwordHash) {
      return change(id, { passwordHash });
    },
    async replacePasswordHash(id, expected, passwordHash) {
      return rows.get(id)?.passwordHash === expected && change(id, { passwordHash });
    },
    async updateProfile(id, update) {
      const account = rows.get(id)?.account;
      const profile = account && update(account);
      return profile !== undefined && change(id, { account: { profile } });
    },
    async requestDeletion(id, dueAtSeconds) {
      return change(id, { account: { disabled: true, deletionDueAtSeconds: dueAtSeconds } })
        ? dueAtSeconds
        : undefined;
    },
    async cancelDeletion(id) {
      const due = rows.get(id)?.account.deletionDueAtSeconds;
      if (due === undefined || due <= clock.nowSeconds()) return false;
      return change(id, { account: { disabled: false, deletionDueAtSeconds: undefined } });
    },
    async claimDeletion() {
      const found = [...rows.values()].find(
        ({ account }) => (account.deletionDueAtSeconds ?? Infinity) <= clock.nowSeconds(),
      );
      return found && { account: found.account, claim: "claim" };
    },
    async removeClaimed(id) {
      return rows.delete(id) ? "removed" : "lost";
    },
    async listDemonstration() {
      return [...rows.values()].flatMap(({ account }) => (account.demonstration ? account.id : []));
    },
    async deleteDemonstration() {
      const made = [...rows].filter(([, { account }]) => account.demonstration);
      for (const [id] of made) rows.delete(id);
      return made.length;
    },
  };
}
