import type { Knex } from "knex";
import { normalizeIdentifier, type Account, type AccountId } from "../accounts/account.js";
import type { AccountStore, NewAccount } from "../accounts/account-store.js";
import { IdentifierTakenError } from "../accounts/identifier-taken-error.js";
import type { Clock } from "../lib/clock.js";
import type { Database } from "./open-database.js";
import { createBatchedFind } from "./batched-find.js";
import { isFindable } from "./findable.js";
import { reportOutages } from "./report-outages.js";
import { parseStoredObject } from "./stored-json.js";
import type { AccountRow } from "./tables.js";

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
    async create({ passwordHash, ...account }) {
      const now = clock.nowSeconds();
      const row = toRow(account, now);
      await knex.transaction(async (transaction) => {
        await transaction("account").insert(row);
        await insertIdentifiers(transaction, account);
        if (passwordHash !== undefined) {
          await transaction("password_credential").insert({
            account_id: account.id,
            hash: passwordHash,
            updated_at: now,
          });
        }
      });
      return toAccount(row);
    },

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

    async replacePasswordHash(id, expected, next) {
      const replaced = await knex("password_credential")
        .where({ account_id: id, hash: expected })
        .update({ hash: next, updated_at: clock.nowSeconds() });
      return replaced === 1;
    },

    async countDemonstration() {
      const row = await knex("account")
        .where({ demonstration: true })
        .count({ total: "*" })
        .first();
      return Number(row?.total ?? 0);
    },

    async deleteDemonstration() {
      return knex("account").where({ demonstration: true }).delete();
    },
  });
}

/**
 * Of concurrent accounts with one name, the unique key lets one through. Sorted, so that two accounts
 * whose names cross never wait for each other.
 */
async function insertIdentifiers(
  transaction: Knex.Transaction,
  { id, username, email }: Pick<NewAccount, "id" | "username" | "email">,
): Promise<void> {
  const typed = new Map(
    [username, ...(email === undefined ? [] : [email])].map((name) => [
      normalizeIdentifier(name),
      name,
    ]),
  );
  const inserted = await transaction("account_identifier")
    .insert([...typed.keys()].toSorted().map((identifier) => ({ identifier, account_id: id })))
    .onConflict("identifier")
    .ignore()
    .returning("identifier");
  for (const { identifier } of inserted) typed.delete(identifier);
  for (const taken of typed.values()) throw new IdentifierTakenError(taken);
}

function toRow(account: Omit<NewAccount, "passwordHash">, now: number): AccountRow {
  return {
    id: account.id,
    username: account.username,
    email: account.email ?? null,
    email_verified: account.emailVerified,
    profile: JSON.stringify(account.profile),
    disabled: false,
    demonstration: account.demonstration,
    created_at: now,
    updated_at: now,
  };
}

function toAccount(row: AccountRow): Account {
  const profile: object = parseStoredObject(row.profile, "account.profile");
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `toRow` writes it, from one
    id: row.id as AccountId,
    username: row.username,
    email: row.email ?? undefined,
    emailVerified: Boolean(row.email_verified),
    profile,
    disabled: Boolean(row.disabled),
    demonstration: Boolean(row.demonstration),
    createdAtSeconds: row.created_at,
    updatedAtSeconds: row.updated_at,
  };
}
