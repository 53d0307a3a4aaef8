import type { Knex } from "knex";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import type {
  ExpiredModelPurge,
  ModelName,
  ModelPayload,
  ModelStore,
} from "../oidc/model-store.js";
import { isFindable } from "./findable.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import { parseStoredObject } from "./stored-json.js";
import type { ModelRow } from "./tables.js";

export interface SqlModelStoreDeps {
  readonly database: Database;
  /** Judges expiry: nodes that share a database need clocks that agree. */
  readonly clock: Clock;
}

interface FindableColumns {
  readonly model: ModelName;
  readonly id?: string;
  readonly uid?: string;
  readonly user_code?: string;
}

/** What a write sets; consumption is set by `consume` alone. */
type WrittenColumns = Omit<ModelRow, "consumed_at" | "consumed_by">;

const UNEXPIRED = "(expires_at is null or expires_at > ?)";

/**
 * The library's models in the table `model`. Every method is one statement, and so one commit, save
 * `upsert` of a record with a user code (two in one transaction) and `consume` for all but the first.
 */
export function createSqlModelStore({
  database,
  clock,
}: SqlModelStoreDeps): ModelStore & ExpiredModelPurge {
  const { knex, dialect } = database;

  async function findOne(where: FindableColumns): Promise<ModelPayload | undefined> {
    if (!Object.values(where).every(isFindable)) return undefined;
    const row = await knex("model")
      .where(where)
      .whereRaw(UNEXPIRED, [clock.nowSeconds()])
      // Sessions may share a uid while one replaces the other: the one written last counts.
      .orderBy("expires_at", "desc")
      .first("payload", "consumed_at");
    if (row === undefined) return undefined;
    const payload = parseStoredObject(row.payload, "model.payload");
    return row.consumed_at === null ? payload : { ...payload, consumed: row.consumed_at };
  }

  /** In place of a record that expired, it is a new one, which nobody has consumed. */
  async function write(row: WrittenColumns, connection: Knex): Promise<void> {
    const kept = "case when model.expires_at <= ? then null else ?? end";
    const now = clock.nowSeconds();
    await connection("model")
      .insert(row)
      .onConflict(["model", "id"])
      .merge({
        ...row,
        consumed_at: knex.raw(kept, [now, "model.consumed_at"]),
        consumed_by: knex.raw(kept, [now, "model.consumed_by"]),
      });
  }

  /** A user code is free again when its device code has expired, whether that was purged or not. */
  async function writeWithUserCode(row: WrittenColumns): Promise<void> {
    try {
      await knex.transaction(async (transaction) => {
        await transaction("model")
          .where({ model: row.model, user_code: row.user_code })
          .whereNot({ id: row.id })
          .where("expires_at", "<=", clock.nowSeconds())
          .delete();
        await write(row, transaction);
      });
    } catch (err) {
      throw dialect.isUniqueViolation(err) ? userCodeTaken(err) : err;
    }
  }

  return reportOutages<ModelStore & ExpiredModelPurge>(dialect, {
    async upsert(...written) {
      const row = toRow(written, clock);
      await (row.user_code === null ? write(row, knex) : writeWithUserCode(row));
    },

    async insertOnce(...written) {
      const row = toRow(written, clock);
      const inserted = await knex("model")
        .insert(row)
        .onConflict(["model", "id"])
        .merge({ ...row, consumed_at: null, consumed_by: null })
        .where("model.expires_at", "<=", clock.nowSeconds())
        .returning("id");
      return inserted.length === 1;
    },

    find: (model, id) => findOne({ model, id }),
    findSessionByUid: (uid) => findOne({ model: "Session", uid }),
    findDeviceCodeByUserCode: (userCode) => findOne({ model: "DeviceCode", user_code: userCode }),

    async consume(model, id, attempt) {
      const now = clock.nowSeconds();
      const won = await knex("model")
        .where({ model, id })
        .whereRaw(UNEXPIRED, [now])
        .whereRaw("(consumed_at is null or consumed_by = ?)", [attempt])
        .update({
          consumed_at: knex.raw("coalesce(consumed_at, ?)", [now]),
          consumed_by: attempt,
        });
      if (won === 1) return true;

      const itsGrant = knex("model")
        .select("grant_id")
        .where({ model, id })
        .whereNotNull("consumed_at")
        .whereRaw(UNEXPIRED, [now]);
      await knex("model").where("grant_id", itsGrant).delete();
      return false;
    },

    async destroy(model, id) {
      await knex("model").where({ model, id }).delete();
    },

    async revokeByGrantId(grantId) {
      await knex("model").where({ grant_id: grantId }).whereNot({ model: "Grant" }).delete();
    },

    async purgeExpired(batchSize) {
      const batch = knex("model")
        .select("model", "id")
        .where("expires_at", "<=", clock.nowSeconds())
        .orderBy("expires_at")
        .limit(batchSize);
      return knex("model").whereIn(["model", "id"], dialect.skipLocked(batch)).delete();
    },
  });
}

function toRow(written: Parameters<ModelStore["upsert"]>, clock: Clock): WrittenColumns {
  const [model, id, payload, expiresInSeconds] = written;
  return {
    model,
    id,
    payload: JSON.stringify(payload),
    grant_id: model === "Grant" ? id : text(payload["grantId"]),
    uid: text(payload["uid"]),
    user_code: text(payload["userCode"]),
    account_id: text(payload["accountId"]),
    client_id: text(payload["clientId"]),
    expires_at: expiresInSeconds === undefined ? null : expiresAt(clock, expiresInSeconds),
  };
}

/** Counted from the end of the current second, so that no record lives shorter than it was given. */
function expiresAt(clock: Clock, expiresInSeconds: number): number {
  return Math.ceil(clock.nowMs() / 1000) + Math.max(1, Math.ceil(expiresInSeconds));
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function userCodeTaken(cause: unknown): LatchkeyError {
  return new LatchkeyError("user_code_taken", "This user code is in use. Please ask for another.", {
    status: 503,
    retryAfterSeconds: 1,
    cause,
  });
}
