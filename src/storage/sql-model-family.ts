import type { Knex } from "knex";
import type { Clock } from "../lib/clock.js";
import type { ModelFamily, ModelName, ModelPayload, ModelStore } from "../oidc/model-store.js";
import { grantIdOfSession } from "../oidc/session-grant.js";
import { isFindable } from "./findable.js";
import { MODEL_COLUMN, toPayload, type FoundModelColumns } from "./model-row.js";
import { parseStoredObject } from "./stored-json.js";

export interface FindFamilyDeps {
  readonly knex: Knex;
  readonly clock: Clock;
  readonly findOne: (where: { model: ModelName; id: string }) => Promise<ModelPayload | undefined>;
}

/** `findFamily` of the SQL store: one query for a code or token, two for a session. */
export function createFindFamily({
  knex,
  clock,
  findOne,
}: FindFamilyDeps): ModelStore["findFamily"] {
  const unexpired = (alias: string, now: number) =>
    knex.raw("(??.expires_at is null or ??.expires_at > ?)", [alias, alias, now]);

  async function ofToken(model: ModelName, id: string): Promise<ModelFamily | undefined> {
    const now = clock.nowSeconds();
    const row: (FoundModelColumns & { grant: string | null; session: string | null }) | undefined =
      await knex("model as record")
        .leftJoin("model as grant", (join) => {
          join
            .on("grant.grant_id", "record.grant_id")
            .andOnVal("grant.model", "Grant")
            .andOn(unexpired("grant", now));
        })
        .leftJoin("model as session", (join) => {
          join
            .on("session.uid", "record.uid")
            .andOnVal("session.model", "Session")
            .andOn(unexpired("session", now));
        })
        .where({ "record.model": model, "record.id": id })
        .whereRaw(unexpired("record", now))
        .orderBy("session.expires_at", "desc")
        .first(
          "record.payload",
          "record.consumed_at",
          "grant.payload as grant",
          "session.payload as session",
        );
    if (row === undefined) return undefined;
    return {
      record: toPayload(row),
      grant: row.grant === null ? undefined : parseStoredObject(row.grant, MODEL_COLUMN),
      session: row.session === null ? undefined : parseStoredObject(row.session, MODEL_COLUMN),
    };
  }

  async function ofSession(id: string, clientId: string): Promise<ModelFamily | undefined> {
    const record = await findOne({ model: "Session", id });
    if (record === undefined) return undefined;
    const grantId = grantIdOfSession(record, clientId);
    const grant =
      grantId === undefined ? undefined : await findOne({ model: "Grant", id: grantId });
    return { record, grant, session: undefined };
  }

  return async (model, id, clientId = "") => {
    if (!isFindable(id)) return undefined;
    return model === "Session" ? ofSession(id, clientId) : ofToken(model, id);
  };
}
