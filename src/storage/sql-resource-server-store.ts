import {
  normalizeResourceIdentifier,
  type ResourceServer,
  type ResourceServerStore,
} from "../clients/resource-server-store.js";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import { createBatchedFind } from "./batched-find.js";
import { isFindable } from "./findable.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import { parseStoredObject } from "./stored-json.js";
import type { ResourceServerRow } from "./tables.js";

export interface SqlResourceServerStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** APIs in `resource_server`, under their identifier without trailing slashes. */
export function createSqlResourceServerStore(
  deps: SqlResourceServerStoreDeps,
): ResourceServerStore {
  const { clock } = deps;
  const { knex, dialect } = deps.database;

  const findRow = createBatchedFind(
    (identifiers) => knex("resource_server").whereIn("identifier", identifiers),
    ({ identifier }) => identifier,
  );

  return reportOutages<ResourceServerStore>(dialect, {
    async find(identifier) {
      if (!isFindable(identifier)) return undefined;
      const row = await findRow(normalizeResourceIdentifier(identifier));
      return row === undefined ? undefined : toResourceServer(row);
    },

    async list() {
      return (await knex("resource_server").orderBy("identifier")).map(toResourceServer);
    },

    async create(resourceServer) {
      const identifier = normalizeResourceIdentifier(resourceServer.identifier);
      try {
        await knex("resource_server").insert({
          identifier,
          name: resourceServer.name,
          scopes: JSON.stringify(resourceServer.scopes),
          access_token_format: resourceServer.accessTokenFormat,
          access_token_algorithm: resourceServer.accessTokenAlgorithm ?? null,
          access_token_seconds: resourceServer.accessTokenSeconds ?? null,
          created_at: clock.nowSeconds(),
        });
      } catch (err) {
        throw dialect.isUniqueViolation(err) ? resourceServerExists(identifier, err) : err;
      }
    },

    async delete(identifier) {
      const deleted = await knex("resource_server")
        .where({ identifier: normalizeResourceIdentifier(identifier) })
        .delete();
      return deleted === 1;
    },
  });
}

function toResourceServer(row: ResourceServerRow): ResourceServer {
  return {
    identifier: row.identifier,
    name: row.name,
    scopes: toScopes(parseStoredObject(row.scopes, "resource_server.scopes")),
    accessTokenFormat: row.access_token_format,
    accessTokenAlgorithm: row.access_token_algorithm ?? undefined,
    accessTokenSeconds: row.access_token_seconds ?? undefined,
  };
}

function toScopes(stored: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(stored).map(([scope, words]) => [scope, String(words)]));
}

function resourceServerExists(identifier: string, cause: unknown): LatchkeyError {
  return new LatchkeyError("resource_server_exists", `A resource server "${identifier}" exists.`, {
    status: 409,
    cause,
  });
}
