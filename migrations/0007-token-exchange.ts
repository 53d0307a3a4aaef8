import type { Knex } from "knex";

const COLUMNS_BY_INDEX = {
  token_exchange_policy_any_source: "(client_id, target) where source is null",
  token_exchange_policy_one_source: "(client_id, source, target) where source is not null",
};

const DIGESTS = ["jti", "grant", "session", "account", "client"];

/** What a client may exchange goes with the client, and with each of the APIs. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("token_exchange_policy", (table) => {
    table.text("client_id").notNullable().references("client.client_id").onDelete("cascade");
    table.text("source").references("resource_server.identifier").onDelete("cascade").index();
    table
      .text("target")
      .notNullable()
      .references("resource_server.identifier")
      .onDelete("cascade")
      .index();
    table.boolean("impersonation").notNullable();
    table.boolean("delegation").notNullable();
    table.text("scopes");
    table.bigInteger("created_at").notNullable();
  });
  for (const [index, columns] of Object.entries(COLUMNS_BY_INDEX)) {
    await knex.raw(`create unique index ${index} on token_exchange_policy ${columns}`);
  }
  if (isPostgres(knex)) await tellChanges(knex);
  await createAncestorTable(knex);
}

/** Columns as those of `status_list_entry`, with which each row goes. */
async function createAncestorTable(knex: Knex): Promise<void> {
  await knex.schema.createTable("status_list_ancestor", (table) => {
    table.bigInteger("list_id").notNullable();
    table.integer("idx").notNullable();
    table.bigInteger("jti_digest").notNullable();
    table.bigInteger("grant_digest");
    table.bigInteger("session_digest");
    table.bigInteger("account_digest");
    table.bigInteger("client_digest").notNullable();
    table.bigInteger("issued_at").notNullable();
    table.primary(["list_id", "idx", "jti_digest"]);
    table
      .foreign(["list_id", "idx"])
      .references(["list_id", "idx"])
      .inTable("status_list_entry")
      .onDelete("cascade");
    for (const name of DIGESTS) {
      const column = `${name}_digest`;
      table.index([column], `status_list_ancestor_${column}_index`, {
        predicate: knex.whereNotNull(column),
      });
    }
  });
}

/** Of new rows, too: those of a client are kept together, and one more changes what is kept. */
async function tellChanges(knex: Knex): Promise<void> {
  const transitionTable = { insert: "new", update: "old", delete: "old" };
  for (const [change, rows] of Object.entries(transitionTable)) {
    await knex.raw(
      `create trigger token_exchange_policy_tells_${change}
       after ${change} on token_exchange_policy referencing ${rows} table as changed
       for each statement execute function tell_change('client_id')`,
    );
  }
  await knex.raw(
    `create trigger token_exchange_policy_tells_truncate after truncate on token_exchange_policy
     for each statement execute function tell_change('client_id')`,
  );
}

/** Nobody may exchange anything any more, with this version or one before. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("status_list_ancestor").dropTable("token_exchange_policy");
}

function isPostgres(knex: Knex): boolean {
  return knex.client.config.client === "pg";
}
