import type { Knex } from "knex";
import { toAccountId } from "../accounts/account.js";
import type { SecondStepStore } from "../accounts/second-step-store.js";
import type { Clock } from "../lib/clock.js";
import type { RecoveryCodeRow, TotpAuthenticatorRow } from "./account-tables.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";

export interface SqlSecondStepStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Authenticator apps in `totp_authenticator`, recovery codes in `recovery_code`. */
export function createSqlSecondStepStore({
  database,
  clock,
}: SqlSecondStepStoreDeps): SecondStepStore {
  const { knex, dialect } = database;

  return reportOutages<SecondStepStore>(dialect, {
    async find(id) {
      const [row, codes] = await Promise.all([
        knex("totp_authenticator").where({ account_id: id }).first(),
        knex("recovery_code").where({ account_id: id }).orderBy("position"),
      ]);
      return row === undefined ? undefined : toRecord(row, codes);
    },

    async add(id, { sealedSecret, usedStep }, { replaces }) {
      const row: TotpAuthenticatorRow = {
        account_id: id,
        sealed_secret: sealedSecret,
        last_used_step: usedStep,
        wrong_codes: 0,
        refused_until: 0,
        created_at: clock.nowSeconds(),
      };
      const insert = knex("totp_authenticator").insert(row).onConflict("account_id");
      try {
        const added = await (replaces ? insert.merge() : insert.ignore()).returning("account_id");
        return added.length === 1;
      } catch (err) {
        if (dialect.isForeignKeyViolation(err)) return false;
        throw err;
      }
    },

    async countTry(id, { wrongCodes, refusedUntilSeconds }) {
      const counted = await knex("totp_authenticator")
        .where({ account_id: id, wrong_codes: wrongCodes })
        .update({ wrong_codes: wrongCodes + 1, refused_until: refusedUntilSeconds });
      return counted === 1;
    },

    async useStep(id, sealedSecret, step) {
      const used = await knex("totp_authenticator")
        .where({ account_id: id, sealed_secret: sealedSecret })
        .where("last_used_step", "<", step)
        .update({ last_used_step: step, wrong_codes: 0, refused_until: 0 });
      return used === 1;
    },

    remove: (id) =>
      knex.transaction(async (transaction) => {
        const removed = await transaction("totp_authenticator").where({ account_id: id }).delete();
        await transaction("recovery_code").where({ account_id: id }).delete();
        return removed === 1;
      }),

    replaceRecoveryCodes: (id, sealedHashes) =>
      knex.transaction(async (transaction) => {
        // A write first: two at once wait for each other, and the later set is the one that counts.
        if (!(await lockAuthenticator(transaction, id))) return false;
        await transaction("recovery_code").where({ account_id: id }).delete();
        const created_at = clock.nowSeconds();
        await transaction("recovery_code").insert(
          sealedHashes.map((sealed_hash, position) => ({
            account_id: id,
            position,
            sealed_hash,
            used_at: null,
            created_at,
          })),
        );
        return true;
      }),

    async useRecoveryCode(id, { position, sealedHash }) {
      const used = await knex("recovery_code")
        .where({ account_id: id, position, sealed_hash: sealedHash, used_at: null })
        .update({ used_at: clock.nowSeconds() });
      return used === 1;
    },

    async listIds({ after, limit }) {
      const ids: string[] = await knex("totp_authenticator")
        .where("account_id", ">", after ?? "")
        .orderBy("account_id")
        .limit(limit)
        .pluck("account_id");
      return ids.map(toAccountId);
    },

    async reseal(id, from, to) {
      await knex("totp_authenticator")
        .where({ account_id: id, sealed_secret: from })
        .update({ sealed_secret: to });
      await knex("recovery_code")
        .where({ account_id: id, sealed_hash: from })
        .update({ sealed_hash: to });
    },
  });
}

async function lockAuthenticator(transaction: Knex, id: string): Promise<boolean> {
  const locked = await transaction("totp_authenticator")
    .where({ account_id: id })
    .update({ account_id: id });
  return locked === 1;
}

function toRecord(row: TotpAuthenticatorRow, codes: readonly RecoveryCodeRow[]) {
  return {
    sealedSecret: row.sealed_secret,
    lastUsedStep: row.last_used_step,
    wrongCodes: row.wrong_codes,
    refusedUntilSeconds: row.refused_until,
    createdAtSeconds: row.created_at,
    recoveryCodes: codes.map((code) => ({
      position: code.position,
      sealedHash: code.sealed_hash,
      usedAtSeconds: code.used_at ?? undefined,
      createdAtSeconds: code.created_at,
    })),
  };
}
