import type { PersonalRecordStore } from "../accounts/personal-records.js";
import type { Database } from "./open-database.js";
import { PERSONAL_DATA } from "./personal-data.js";
import { reportOutages } from "./report-outages.js";

/** What of each table belongs to a person, by `PERSONAL_DATA`. */
export function createSqlPersonalRecordStore({
  database,
}: {
  readonly database: Database;
}): PersonalRecordStore {
  const { knex, dialect } = database;
  return reportOutages<PersonalRecordStore>(dialect, {
    async listOfAccount(id) {
      const tables = Object.entries(PERSONAL_DATA).filter(
        ([, { handedOut }]) => handedOut.length > 0,
      );
      const found = await Promise.all(
        tables.map(async ([table, { owner, handedOut }]) => {
          const rows: Record<string, unknown>[] = await knex
            .select(handedOut)
            .from(table)
            .where({ [owner]: id });
          return [table, rows] as const;
        }),
      );
      return Object.fromEntries(found);
    },
  });
}
