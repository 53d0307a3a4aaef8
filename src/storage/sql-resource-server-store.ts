import type { Knex } from "knex";
import { completeResourceServer } from "../clients/complete-resource-server.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";
import type { ResourceServer, ResourceServerStore } from "../clients/resource-server-store.js";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import { createBatchedFind } from "./batched-find.js";
import { isFindable } from "./findable.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import { toClientRows, toResourceServer, toRow } from "./resource-server-row.js";
import type { ResourceServerClientRow, ResourceServerRow } from "./tables.js";

export interface SqlResourceServerStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** 5: two nodes that make defaults at once need two; each failure means that another succeeded. */
const MAX_ATTEMPTS = 5;
/** SQLite takes at most 500 rows in one insert. */
const MAX_ROWS_PER_INSERT = 400;

/**
 * APIs in `resource_server`, under their identifier in its normal form, and what clients may ask of
 * them in `resource_server_client`.
 */
export function createSqlResourceServerStore(
  deps: SqlResourceServerStoreDeps,
): ResourceServerStore {
  const { clock } = deps;
  const { knex, dialect } = deps.database;
  const findStored = createBatchedFind(
    (identifiers) => readAll(knex, (query) => query.whereIn("identifier", identifiers)),
    ({ identifier }) => identifier,
  );

  /** Those who change the default at once: the unique index lets one through. */
  async function inTurn<Result>(work: (transaction: Knex) => Promise<Result>, attempt = 1) {
    try {
      return await knex.transaction(work);
    } catch (err) {
      if (dialect.isForeignKeyViolation(err)) throw clientUnknown(err);
      if (!dialect.isUniqueViolation(err) || attempt === MAX_ATTEMPTS) throw err;
      return inTurn(work, attempt + 1);
    }
  }

  return reportOutages<ResourceServerStore>(dialect, {
    async find(identifier) {
      if (!isFindable(identifier)) return undefined;
      const found = await Promise.all(spellings(identifier).map(findStored));
      return found.find((each) => each !== undefined);
    },

    async findDefault() {
      const [found] = await readAll(knex, (query) => query.where({ is_default: true }));
      return found;
    },

    list: () => readAll(knex, (query) => query),

    async create(given) {
      const identifier = normalizeResourceIdentifier(given.identifier);
      const resourceServer = { ...completeResourceServer(given), identifier };
      const row = { ...toRow(resourceServer), created_at: clock.nowSeconds() };
      await inTurn(async (transaction) => {
        if (resourceServer.default) await clearDefault(transaction);
        const inserted = await transaction("resource_server")
          .insert(row)
          .onConflict("identifier")
          .ignore()
          .returning("identifier");
        if (inserted.length === 0) throw resourceServerExists(identifier);
        await insertClients(transaction, toClientRows(resourceServer));
      });
    },

    async update(given, change) {
      return inTurn(async (transaction) => {
        const identifier = await lock(transaction, given);
        if (identifier === undefined) return undefined;
        const [current] = await readAll(transaction, (query) => query.where({ identifier }));
        if (current === undefined) return undefined;
        const changes = change(current);
        const next = { ...current, ...changes, identifier };
        if (next.default && !current.default) await clearDefault(transaction);
        await transaction("resource_server").where({ identifier }).update(toRow(next));
        if (changes.clients !== undefined) {
          await transaction("resource_server_client")
            .where({ resource_server: identifier })
            .delete();
          await insertClients(transaction, toClientRows(next));
        }
        return next;
      });
    },

    async delete(given) {
      return inTurn(async (transaction) => {
        const identifier = await lock(transaction, given);
        if (identifier === undefined) return false;
        await transaction("consent").whereIn("resource", spellings(identifier)).delete();
        return (await transaction("resource_server").where({ identifier }).delete()) === 1;
      });
    },
  });
}

/** Earlier versions kept identifiers as they were given, save for slashes at the end. */
function spellings(identifier: string): string[] {
  return [...new Set([identifier.replace(/\/+$/, ""), normalizeResourceIdentifier(identifier)])];
}

/**
 * A write, so that nobody else's comes in between on either database; also those who only add
 * clients wait here. @returns the identifier as it is stored; undefined when there is none.
 */
async function lock(transaction: Knex, given: string): Promise<string | undefined> {
  for (const identifier of spellings(given)) {
    const locked = await transaction("resource_server")
      .where({ identifier })
      .update({ identifier: transaction.ref("identifier") });
    if (locked === 1) return identifier;
  }
  return undefined;
}

async function clearDefault(transaction: Knex): Promise<void> {
  await transaction("resource_server").where({ is_default: true }).update({ is_default: false });
}

async function insertClients(
  transaction: Knex,
  rows: readonly ResourceServerClientRow[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += MAX_ROWS_PER_INSERT) {
    await transaction("resource_server_client").insert(
      rows.slice(from, from + MAX_ROWS_PER_INSERT),
    );
  }
}

type JoinedRow = ResourceServerRow & {
  permitted_client: string | null;
  permitted_scopes: string | null;
};

/** With their clients, by one statement. */
async function readAll(
  connection: Knex,
  restrict: (query: Knex.QueryBuilder) => Knex.QueryBuilder,
): Promise<ResourceServer[]> {
  const rows: JoinedRow[] = await restrict(
    connection("resource_server")
      .leftJoin(
        "resource_server_client",
        "resource_server_client.resource_server",
        "resource_server.identifier",
      )
      .orderBy(["identifier", "client_id"])
      .select(
        "resource_server.*",
        "resource_server_client.client_id as permitted_client",
        "resource_server_client.scopes as permitted_scopes",
      ),
  );
  return [...Map.groupBy(rows, ({ identifier }) => identifier).values()].flatMap(
    ([first, ...others]) =>
      first === undefined ? [] : [toResourceServer(first, [first, ...others].flatMap(toClient))],
  );
}

function toClient({ permitted_client: clientId, permitted_scopes: scopes }: JoinedRow) {
  return clientId === null ? [] : [{ client_id: clientId, scopes }];
}

function resourceServerExists(identifier: string): LatchkeyError {
  const message = `A resource server "${identifier}" exists.`;
  return new LatchkeyError("resource_server_exists", message, { status: 409 });
}

function clientUnknown(cause: unknown): LatchkeyError {
  const message = "A client that is to be allowed is not registered.";
  return new LatchkeyError("client_unknown", message, { status: 404, cause });
}
