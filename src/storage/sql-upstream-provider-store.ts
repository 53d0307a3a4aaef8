import type { UpstreamProviderStore } from "../federation/upstream-provider.js";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import { isFindable } from "./findable.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import { toProvider, toRow } from "./upstream-provider-row.js";

export interface SqlUpstreamProviderStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Providers in `upstream_provider`. */
export function createSqlUpstreamProviderStore({
  database,
  clock,
}: SqlUpstreamProviderStoreDeps): UpstreamProviderStore {
  const { knex, dialect } = database;

  async function unlessTaken<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (err) {
      throw dialect.isUniqueViolation(err) ? providerExists(err) : err;
    }
  }

  return reportOutages<UpstreamProviderStore>(dialect, {
    async find(id) {
      if (!isFindable(id)) return undefined;
      const row = await knex("upstream_provider").where({ id }).first();
      return row === undefined ? undefined : toProvider(row);
    },

    async list() {
      return (await knex("upstream_provider").orderBy(["display_name", "id"])).map(toProvider);
    },

    async create(provider) {
      const row = { ...toRow(provider), version: 1, created_at: clock.nowSeconds() };
      await unlessTaken(async () => {
        await knex("upstream_provider").insert(row);
      });
    },

    update: (id, change) =>
      unlessTaken(() =>
        knex.transaction(async (transaction) => {
          // A write first, so that nobody else's comes in between on either database.
          const locked = await transaction("upstream_provider")
            .where({ id })
            .update({ version: transaction.raw("version + 1") });
          if (locked === 0) return undefined;
          const row = await transaction("upstream_provider").where({ id }).first();
          if (row === undefined) return undefined;
          const current = toProvider(row);
          const next = { ...current, ...change(current), id };
          await transaction("upstream_provider").where({ id }).update(toRow(next));
          return next;
        }),
      ),

    async delete(id) {
      return (await knex("upstream_provider").where({ id }).delete()) === 1;
    },
  });
}

function providerExists(cause: unknown): LatchkeyError {
  const message = "A provider with this id or this issuer exists.";
  return new LatchkeyError("provider_exists", message, { status: 409, cause });
}
