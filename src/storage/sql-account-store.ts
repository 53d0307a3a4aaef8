import type { Knex } from "knex";
import { normalizeIdentifier, toAccountId, type Account } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { Clock } from "../lib/clock.js";
import { insertAccount, insertIdentifiers, toAccount } from "./account-row.js";
import type { Database } from "./open-database.js";
import { createSqlAccountDeletion } from "./sql-account-deletion.js";
import { createBatchedFind } from "./batched-find.js";
import { confirmEmail } from "./confirm-email.js";
import { isFindable } from "./findable.js";
import { reportOutages } from "./report-outages.js";
import type { AccountRow } from "./account-tables.js";

export interface SqlAccountStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

const AFTER = "(created_at, id) > (select created_at, id from account where id = ?)";

/** Accounts in `account`, the names they are found by in `account_identifier`, passwords apart. */
export function createSqlAccountStore({ database, clock }: SqlAccountStoreDeps): AccountStore {
  const { knex, dialect } = database;

  const findRow = createBatchedFind(
    (ids) => knex("account").whereIn("id", ids),
    ({ id }) => id,
  );

  return reportOutages<AccountStore>(dialect, {
    create: (account) =>
      knex.transaction((transaction) => insertAccount(transaction, account, clock.nowSeconds())),

    async find(id) {
      if (!isFindable(id)) return undefined;
      const row = await findRow(id);
      return row === undefined ? undefined : toAccount(row);
    },

    async findForSignIn(identifier) {
      const normalized = normalizeIdentifier(identifier);
      if (!isFindable(normalized)) return undefined;
      const row: (AccountRow & { hash: string | null }) | undefined = await knex(
        "account_identifier",
      )
        .join("account", "account.id", "account_identifier.account_id")
        .leftJoin("password_credential", "password_credential.account_id", "account.id")
        .where({ identifier: normalized })
        .first("account.*", "password_credential.hash");
      if (row === undefined) return undefined;
      return { account: toAccount(row), passwordHash: row.hash ?? undefined };
    },

    async list({ after, limit }) {
      const page = knex("account").orderBy(["created_at", "id"]).limit(limit);
      const rows = await (after === undefined ? page : page.whereRaw(AFTER, [after]));
      return rows.map(toAccount);
    },

    async setDisabled(id, disabled) {
      const changed = await knex("account")
        .where({ id })
        .update({ disabled, updated_at: clock.nowSeconds() });
      return changed === 1;
    },

    async setPasswordHash(id, passwordHash) {
      try {
        await knex("password_credential")
          .insert({ account_id: id, hash: passwordHash, updated_at: clock.nowSeconds() })
          .onConflict("account_id")
          .merge();
        return true;
      } catch (err) {
        if (dialect.isForeignKeyViolation(err)) return false;
        throw err;
      }
    },

    updateProfile: (id, change) =>
      knex.transaction(async (transaction) => {
        // Written first, so that the row is this transaction's.
        const held = { updated_at: knex.raw("updated_at") };
        const [row] = await transaction("account").where({ id }).update(held).returning("*");
        const profile = row === undefined ? undefined : change(toAccount(row));
        if (profile === undefined) return false;
        const updated = { profile: JSON.stringify(profile), updated_at: clock.nowSeconds() };
        await transaction("account").where({ id }).update(updated);
        return true;
      }),

    replaceProfile: (id, { profile, email }) =>
      knex.transaction(async (transaction) => {
        const updated = { profile: JSON.stringify(profile), updated_at: clock.nowSeconds() };
        const [row] = await transaction("account").where({ id }).update(updated).returning("*");
        if (row === undefined) return false;
        if (email === undefined || email === row.email) return true;
        await replaceEmail(transaction, toAccount(row), email);
        return true;
      }),

    replaceEmail: (id, change) =>
      knex.transaction((transaction) =>
        confirmEmail(transaction, id, { ...change, now: clock.nowSeconds() }),
      ),

    async replacePasswordHash(id, expected, next) {
      const replaced = await knex("password_credential")
        .where({ account_id: id, hash: expected })
        .update({ hash: next, updated_at: clock.nowSeconds() });
      return replaced === 1;
    },

    ...createSqlAccountDeletion({ database, clock }),

    async listDemonstration() {
      const rows = await knex("account").where({ demonstration: true }).select("id");
      return rows.map(({ id }) => toAccountId(id));
    },

    async deleteDemonstration() {
      return knex("account").where({ demonstration: true }).delete();
    },
  });
}

/** The name that signs in stays the user name; of the addresses, the new one counts alone. */
async function replaceEmail(
  transaction: Knex.Transaction,
  { id, username, email: former }: Account,
  email: string,
): Promise<void> {
  const kept = normalizeIdentifier(username);
  if (former !== undefined && normalizeIdentifier(former) !== kept) {
    const identifier = normalizeIdentifier(former);
    await transaction("account_identifier").where({ account_id: id, identifier }).delete();
  }
  if (normalizeIdentifier(email) !== kept) {
    await insertIdentifiers(transaction, { id, username: email, email });
  }
  await transaction("account").where({ id }).update({ email, email_verified: true });
}
