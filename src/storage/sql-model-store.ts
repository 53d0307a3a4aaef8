import type { Knex } from "knex";
import type { Clock } from "../lib/clock.js";
import type {
  ExpiredModelPurge,
  ModelName,
  ModelPayload,
  ModelRecord,
  ModelStore,
} from "../oidc/model-store.js";
import { isFindable } from "./findable.js";
import {
  MODEL_COLUMN,
  OVERWRITTEN,
  toModelRow,
  toPayload,
  type FoundModelColumns,
  type WrittenModelColumns,
} from "./model-row.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import { createFindFamily } from "./sql-model-family.js";
import { createSqlSessionIndex } from "./sql-session-index.js";
import { parseStoredObject } from "./stored-json.js";
import { userCodeTaken } from "./user-code-taken.js";

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

/** The first attempt, or the same again; not one that was withdrawn, whose name alone is left. */
const MAY_CONSUME =
  "case when consumed_at is null then consumed_by is null or consumed_by <> ? else consumed_by = ? end";
const UNEXPIRED = "(expires_at is null or expires_at > ?)";

/**
 * The library's models in the table `model`. Every method is one statement or one transaction, and
 * so one commit, save `consume` for all but the first (two).
 */
export function createSqlModelStore({
  database,
  clock,
}: SqlModelStoreDeps): ModelStore & ExpiredModelPurge {
  const { knex, dialect } = database;
  const sessionIndex = createSqlSessionIndex({ database, clock });

  async function findOne(where: FindableColumns): Promise<ModelPayload | undefined> {
    if (!Object.values(where).every(isFindable)) return undefined;
    const row: FoundModelColumns | undefined = await knex("model")
      .where(where)
      .whereRaw(UNEXPIRED, [clock.nowSeconds()])
      // Sessions may share a uid while one replaces the other: the one written last counts.
      .orderBy("expires_at", "desc")
      .first("payload", "consumed_at");
    return row === undefined ? undefined : toPayload(row);
  }

  /** In place of a record that expired, it is a new one, which nobody has consumed. */
  async function write(rows: readonly WrittenModelColumns[], connection: Knex): Promise<void> {
    const kept = "case when model.expires_at <= ? then null else ?? end";
    const now = clock.nowSeconds();
    await connection("model")
      .insert([...rows])
      .onConflict(["model", "id"])
      .merge({
        ...Object.fromEntries(
          OVERWRITTEN.map((column) => [column, knex.raw("??", [`excluded.${column}`])]),
        ),
        consumed_at: knex.raw(kept, [now, "model.consumed_at"]),
        consumed_by: knex.raw(kept, [now, "model.consumed_by"]),
      });
  }

  async function writeAll(records: readonly ModelRecord[], connection: Knex): Promise<void> {
    const rows = records.map((record) => toModelRow(record, clock));
    for (const { model, replaces } of records) {
      if (replaces !== undefined) await connection("model").where({ model, id: replaces }).delete();
    }
    for (const row of rows) {
      if (row.user_code !== null) await freeUserCode(row, connection);
    }
    await write(rows, connection);
    for (const record of records) await sessionIndex.join(record, connection);
  }

  /** A user code is free again when its device code has expired, whether that was purged or not. */
  async function freeUserCode(row: WrittenModelColumns, connection: Knex): Promise<void> {
    await connection("model")
      .where({ model: row.model, user_code: row.user_code })
      .whereNot({ id: row.id })
      .where("expires_at", "<=", clock.nowSeconds())
      .delete();
  }

  /** Whoever else would write or delete it waits for this transaction. */
  async function isUnchanged({ model, follows }: ModelRecord, connection: Knex): Promise<boolean> {
    if (follows === undefined) return true;
    const row = await connection("model")
      .where({ model, id: follows.id })
      .whereRaw(UNEXPIRED, [clock.nowSeconds()])
      .forUpdate()
      .first("payload");
    if (row === undefined) return false;
    return parseStoredObject(row.payload, MODEL_COLUMN)["revision"] === follows.revision;
  }

  async function writeUnchanged(
    records: readonly ModelRecord[],
    connection: Knex,
  ): Promise<boolean> {
    for (const record of records) {
      if (!(await isUnchanged(record, connection))) return false;
    }
    await writeAll(records, connection);
    return true;
  }

  async function upsertTogether(records: readonly ModelRecord[]): Promise<boolean> {
    if (records.length === 0) return true;
    const plain = records.every(
      ({ payload, replaces, follows, joins }) =>
        replaces === undefined &&
        follows === undefined &&
        joins === undefined &&
        payload["userCode"] === undefined,
    );
    try {
      if (plain) return await writeUnchanged(records, knex);
      return await knex.transaction((transaction) => writeUnchanged(records, transaction));
    } catch (err) {
      throw dialect.isUniqueViolation(err) ? userCodeTaken(err) : err;
    }
  }

  async function markConsumed(
    { model, id, attempt }: { model: ModelName; id: string; attempt: string },
    connection: Knex,
  ): Promise<boolean> {
    const now = clock.nowSeconds();
    const won = await connection("model")
      .where({ model, id })
      .whereRaw(UNEXPIRED, [now])
      .whereRaw(MAY_CONSUME, [attempt, attempt])
      .update({ consumed_at: knex.raw("coalesce(consumed_at, ?)", [now]), consumed_by: attempt });
    return won === 1;
  }

  async function endFamilyOfConsumed(model: ModelName, id: string): Promise<void> {
    const row = await knex("model")
      .where({ model, id })
      .whereNotNull("consumed_at")
      .whereRaw(UNEXPIRED, [clock.nowSeconds()])
      .first("grant_id");
    const grantId = row?.grant_id ?? undefined;
    if (grantId !== undefined) await deleteAll(() => knex("model").where({ grant_id: grantId }));
  }

  /** Until none is left: what another transaction wrote while a statement waited for it, only the next one sees. */
  async function deleteAll(find: () => Knex.QueryBuilder): Promise<void> {
    while ((await find().delete()) > 0);
  }

  return reportOutages<ModelStore & ExpiredModelPurge>(dialect, {
    upsertTogether,
    async upsert(...[model, id, payload, expiresInSeconds]) {
      await upsertTogether([{ model, id, payload, expiresInSeconds }]);
    },

    async insertOnce(...[model, id, payload, expiresInSeconds]) {
      const row = toModelRow({ model, id, payload, expiresInSeconds }, clock);
      const inserted = await knex("model")
        .insert(row)
        .onConflict(["model", "id"])
        .merge({ ...row, consumed_at: null, consumed_by: null })
        .where("model.expires_at", "<=", clock.nowSeconds())
        .returning("id");
      return inserted.length === 1;
    },

    find: (model, id) => findOne({ model, id }),
    findFamily: createFindFamily({ knex, clock, findOne }),
    findSessionByUid: (uid) => findOne({ model: "Session", uid }),
    findDeviceCodeByUserCode: (userCode) => findOne({ model: "DeviceCode", user_code: userCode }),

    listSessions: sessionIndex.listSessions,
    listGrants: sessionIndex.listGrants,
    listSessionsOfClient: sessionIndex.listSessionsOfClient,

    async consume({ issued = [], ...consumption }) {
      const won =
        issued.length === 0
          ? await markConsumed(consumption, knex)
          : await knex.transaction(async (transaction) => {
              const isFirst = await markConsumed(consumption, transaction);
              if (isFirst) await writeAll(issued, transaction);
              return isFirst;
            });
      if (!won) await endFamilyOfConsumed(consumption.model, consumption.id);
      return won;
    },

    async withdraw({ model, id, attempt, issued = [] }) {
      await knex.transaction(async (transaction) => {
        const withdrawn = await transaction("model")
          .where({ model, id })
          .whereRaw("(consumed_at is null or consumed_by = ?)", [attempt])
          .update({ consumed_at: null, consumed_by: attempt });
        if (withdrawn === 0 || issued.length === 0) return;
        const names = issued.map((record) => [record.model, record.id]);
        await transaction("model").whereIn(["model", "id"], names).delete();
      });
    },

    async destroy(model, id) {
      await knex("model").where({ model, id }).delete();
    },

    async revokeByGrantId(grantId) {
      await deleteAll(() =>
        knex("model").where({ grant_id: grantId }).whereNot({ model: "Grant" }),
      );
    },

    async purgeExpired(batchSize) {
      const batch = knex("model")
        .select("model", "id")
        .where("expires_at", "<=", clock.nowSeconds())
        .orderBy("expires_at")
        .limit(batchSize);
      const purged = await knex("model")
        .whereIn(["model", "id"], dialect.skipLocked(batch))
        .delete();
      return Math.max(purged, await sessionIndex.purgeExpired(batchSize));
    },
  });
}
