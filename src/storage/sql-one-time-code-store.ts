import type {
  NewOneTimeCode,
  OneTimeCodeRecord,
  OneTimeCodeStore,
} from "../accounts/one-time-code-store.js";
import type { Clock } from "../lib/clock.js";
import { isFindable } from "./findable.js";
import type { OneTimeCodeRow } from "./mail-tables.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";

export interface SqlOneTimeCodeStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Codes in `one_time_code`. */
export function createSqlOneTimeCodeStore({
  database,
  clock,
}: SqlOneTimeCodeStoreDeps): OneTimeCodeStore {
  const { knex, dialect } = database;

  return reportOutages<OneTimeCodeStore>(dialect, {
    async save(code) {
      const row = toRow(code);
      await knex("one_time_code").insert(row).onConflict(["purpose", "subject_hash"]).merge(row);
    },

    async saveUnlessPending(code) {
      const row = toRow(code);
      const saved = await knex("one_time_code")
        .insert(row)
        .onConflict(["purpose", "subject_hash"])
        .merge(row)
        .where("one_time_code.expires_at", "<=", clock.nowSeconds())
        .returning("purpose");
      return saved.length === 1;
    },

    async takeTry({ purpose, subjectHash }) {
      const [row] = await knex("one_time_code")
        .where({ purpose, subject_hash: subjectHash })
        .where("tries_left", ">", 0)
        .where("expires_at", ">", clock.nowSeconds())
        .update({ tries_left: knex.raw("tries_left - 1") })
        .returning("*");
      return row === undefined ? undefined : toRecord(row);
    },

    async findByToken(purpose, tokenHash) {
      if (!isFindable(purpose) || !isFindable(tokenHash)) return undefined;
      const row = await knex("one_time_code")
        .where({ purpose, token_hash: tokenHash })
        .where("expires_at", ">", clock.nowSeconds())
        .first();
      return row === undefined ? undefined : toRecord(row);
    },

    async remove({ purpose, tokenHash }) {
      const removed = await knex("one_time_code")
        .where({ purpose, token_hash: tokenHash })
        .where("expires_at", ">", clock.nowSeconds())
        .delete();
      return removed === 1;
    },

    async cancel({ purpose, subjectHash }) {
      await knex("one_time_code").where({ purpose, subject_hash: subjectHash }).delete();
    },

    async purgeExpired(batchSize) {
      const batch = knex("one_time_code")
        .select("token_hash")
        .where("expires_at", "<=", clock.nowSeconds())
        .orderBy("expires_at")
        .limit(batchSize);
      return knex("one_time_code").whereIn("token_hash", dialect.skipLocked(batch)).delete();
    },
  });
}

function toRow(code: NewOneTimeCode): OneTimeCodeRow {
  return {
    purpose: code.purpose,
    subject_hash: code.subjectHash,
    code_hash: code.codeHash,
    token_hash: code.tokenHash,
    sealed_data: code.sealedData,
    tries_left: code.tries,
    expires_at: code.expiresAtSeconds,
  };
}

function toRecord(row: OneTimeCodeRow): OneTimeCodeRecord {
  return {
    purpose: row.purpose,
    subjectHash: row.subject_hash,
    codeHash: row.code_hash,
    tokenHash: row.token_hash,
    sealedData: row.sealed_data,
  };
}
