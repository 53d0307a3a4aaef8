import {
  TOKEN_EXCHANGE_KINDS,
  type TokenExchangePolicy,
  type TokenExchangePolicyStore,
} from "../clients/token-exchange-policy-store.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import { isFindable } from "./findable.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import type { TokenExchangePolicyRow } from "./tables.js";

export interface SqlTokenExchangePolicyStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Policies in `token_exchange_policy`, one row for each client, source and target. */
export function createSqlTokenExchangePolicyStore({
  database,
  clock,
}: SqlTokenExchangePolicyStoreDeps): TokenExchangePolicyStore {
  const { knex, dialect } = database;

  return reportOutages<TokenExchangePolicyStore>(dialect, {
    async findAllOf(clientId) {
      if (!isFindable(clientId)) return [];
      return (await knex("token_exchange_policy").where({ client_id: clientId })).map(toPolicy);
    },

    async list() {
      const rows = await knex("token_exchange_policy").orderBy(["client_id", "target", "source"]);
      return rows.map(toPolicy);
    },

    async save(policy) {
      const conflict =
        policy.source === undefined
          ? "(client_id, target) where source is null"
          : "(client_id, source, target) where source is not null";
      try {
        await knex("token_exchange_policy")
          .insert({ ...toRow(policy), created_at: clock.nowSeconds() })
          .onConflict(knex.raw(conflict))
          .merge(["impersonation", "delegation", "scopes", "created_at"]);
      } catch (err) {
        throw dialect.isForeignKeyViolation(err) ? unfounded(err) : err;
      }
    },

    async delete({ clientId, source, target }) {
      const deleted = await knex("token_exchange_policy")
        .where({
          client_id: clientId,
          source: normalized(source),
          target: normalizeResourceIdentifier(target),
        })
        .delete();
      return deleted === 1;
    },
  });
}

function toRow(policy: TokenExchangePolicy): Omit<TokenExchangePolicyRow, "created_at"> {
  return {
    client_id: policy.clientId,
    source: normalized(policy.source),
    target: normalizeResourceIdentifier(policy.target),
    impersonation: policy.kinds.includes("impersonation"),
    delegation: policy.kinds.includes("delegation"),
    scopes: policy.scopes?.join(" ") ?? null,
  };
}

function toPolicy(row: TokenExchangePolicyRow): TokenExchangePolicy {
  return {
    clientId: row.client_id,
    source: row.source ?? undefined,
    target: row.target,
    kinds: TOKEN_EXCHANGE_KINDS.filter((kind) => Boolean(row[kind])),
    scopes: row.scopes?.split(" ").filter((scope) => scope !== ""),
  };
}

function normalized(source: string | undefined): string | null {
  return source === undefined ? null : normalizeResourceIdentifier(source);
}

function unfounded(cause: unknown): LatchkeyError {
  const message = "The client or one of the APIs does not exist (any more).";
  const options = { status: 404, cause };
  return new LatchkeyError("token_exchange_policy_unfounded", message, options);
}
