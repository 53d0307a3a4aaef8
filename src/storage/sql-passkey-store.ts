import type { Knex } from "knex";
import { toAccountId } from "../accounts/account.js";
import { IdentifierTakenError } from "../accounts/identifier-taken-error.js";
import type { NewPasskey, Passkey } from "../accounts/passkey.js";
import type { PasskeyStore } from "../accounts/passkey-store.js";
import type { Clock } from "../lib/clock.js";
import { insertAccount } from "./account-row.js";
import type { PasskeyRow } from "./account-tables.js";
import { isFindable } from "./findable.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import { hasOtherWayIn, lockWaysIn } from "./ways-in.js";

export interface SqlPasskeyStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Passkeys in `passkey`. */
export function createSqlPasskeyStore({ database, clock }: SqlPasskeyStoreDeps): PasskeyStore {
  const { knex, dialect } = database;

  /** @returns false when the credential is there already. */
  async function insert(
    transaction: Knex,
    accountId: string,
    passkey: NewPasskey,
  ): Promise<boolean> {
    const inserted = await transaction("passkey")
      .insert({
        credential_id: passkey.credentialId,
        account_id: accountId,
        user_handle: passkey.userHandle,
        public_key: passkey.publicKey,
        counter: passkey.counter,
        transports: passkey.transports.join(" "),
        aaguid: passkey.aaguid,
        synced: passkey.isSynced,
        backed_up: passkey.isBackedUp,
        name: passkey.name,
        created_at: clock.nowSeconds(),
        last_used_at: null,
      })
      .onConflict("credential_id")
      .ignore()
      .returning("credential_id");
    return inserted.length === 1;
  }

  return reportOutages<PasskeyStore>(dialect, {
    async find(credentialId) {
      if (!isFindable(credentialId)) return undefined;
      const row = await knex("passkey").where({ credential_id: credentialId }).first();
      return row === undefined ? undefined : toPasskey(row);
    },

    async listOfAccount(id) {
      const rows = await knex("passkey")
        .where({ account_id: id })
        .orderBy(["created_at", "credential_id"]);
      return rows.map(toPasskey);
    },

    async add(id, passkey) {
      try {
        return await insert(knex, id, passkey);
      } catch (err) {
        if (dialect.isForeignKeyViolation(err)) return false;
        throw err;
      }
    },

    createAccount: (account, passkey) =>
      knex.transaction(async (transaction) => {
        const created = await insertAccount(transaction, account, clock.nowSeconds());
        const isNew = await insert(transaction, account.id, passkey);
        if (!isNew) throw new IdentifierTakenError(account.username);
        return created;
      }),

    async recordUse(credentialId, { counter, isBackedUp }) {
      const used = { counter, backed_up: isBackedUp, last_used_at: clock.nowSeconds() };
      const recorded = await knex("passkey")
        .where({ credential_id: credentialId })
        .where((grown) => {
          void grown.where("counter", "<", counter);
          if (counter === 0) void grown.orWhere({ counter: 0 });
        })
        .update(used);
      return recorded === 1;
    },

    async rename(id, credentialId, name) {
      if (!isFindable(credentialId)) return false;
      const own = { account_id: id, credential_id: credentialId };
      return (await knex("passkey").where(own).update({ name })) === 1;
    },

    remove: (id, credentialId, waysIn) =>
      knex.transaction(async (transaction) => {
        if (!isFindable(credentialId)) return "unknown";
        await lockWaysIn(transaction, id, clock.nowSeconds());
        const own = { account_id: id, credential_id: credentialId };
        const found = await transaction("passkey").where(own).first("credential_id");
        if (found === undefined) return "unknown";
        if (!(await hasOtherWayIn(transaction, id, waysIn, { credentialId }))) return "last_way_in";
        await transaction("passkey").where(own).delete();
        return "removed";
      }),
  });
}

function toPasskey(row: PasskeyRow): Passkey {
  return {
    credentialId: row.credential_id,
    accountId: toAccountId(row.account_id),
    userHandle: row.user_handle,
    publicKey: row.public_key,
    counter: row.counter,
    transports: row.transports === "" ? [] : row.transports.split(" "),
    aaguid: row.aaguid,
    isSynced: Boolean(row.synced),
    isBackedUp: Boolean(row.backed_up),
    name: row.name,
    createdAtSeconds: row.created_at,
    lastUsedAtSeconds: row.last_used_at ?? undefined,
  };
}
