import type { Knex } from "knex";

/** Columns that say whom a token was issued for, by the digest of their id. */
const DIGESTS = ["jti", "grant", "session", "account", "client"];

/** Times are whole seconds since the epoch. Additions only: nodes before it know no status lists. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("status_list", (table) => {
    // Random, and public: it is part of the list's address.
    table.bigInteger("id").notNullable().primary();
    table.text("api").notNullable();
    table.integer("generation").notNullable();
    table.text("seed").notNullable();
    table.integer("capacity").notNullable();
    table.integer("next").notNullable();
    table.bigInteger("closes_at").notNullable();
    table.bigInteger("expires_at").notNullable().index();
    table.unique(["api", "generation"]);
  });
  await knex.schema.createTable("status_list_entry", (table) => {
    // No foreign key: it would lock the list's row at every issue. A list outlives its entries.
    table.bigInteger("list_id").notNullable();
    table.integer("idx").notNullable();
    table.bigInteger("jti_digest").notNullable();
    table.bigInteger("grant_digest");
    table.bigInteger("session_digest");
    table.bigInteger("account_digest");
    table.bigInteger("client_digest").notNullable();
    table.bigInteger("issued_at").notNullable();
    table.primary(["list_id", "idx"]);
    // Partial: a machine's token has no grant, session or account, and each entry costs a write.
    for (const name of DIGESTS) {
      const column = `${name}_digest`;
      table.index([column], `status_list_entry_${column}_index`, {
        predicate: knex.whereNotNull(column),
      });
    }
  });
}

/** Tokens that refer to a list lose it, and are refused by APIs that insist on it. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("status_list_entry").dropTable("status_list");
}
