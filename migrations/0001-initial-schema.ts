import type { Knex } from "knex";

/** Tables in the order of their foreign keys. Times are whole seconds since the epoch. */
export async function up(knex: Knex): Promise<void> {
  await createAccountTables(knex);
  await createClientTables(knex);
  await createConsentTable(knex);

  await knex.schema.createTable("signing_key", (table) => {
    table.text("kid").notNullable().primary();
    table.text("algorithm").notNullable();
    table.integer("generation").notNullable();
    table.text("sealed_private_jwk").notNullable();
    table.bigInteger("created_at").notNullable();
    table.unique(["algorithm", "generation"]);
  });

  await createModelTable(knex);
}

async function createAccountTables(knex: Knex): Promise<void> {
  await knex.schema.createTable("account", (table) => {
    table.text("id").notNullable().primary();
    table.text("username").notNullable();
    table.text("email");
    table.boolean("email_verified").notNullable();
    table.text("profile").notNullable();
    table.boolean("disabled").notNullable();
    table.boolean("demonstration").notNullable();
    table.bigInteger("created_at").notNullable();
    table.bigInteger("updated_at").notNullable();
    table.index(["created_at", "id"]);
  });
  // User names and addresses in one key, so that neither equals another account's other one.
  await knex.schema.createTable("account_identifier", (table) => {
    table.text("identifier").notNullable().primary();
    table.text("account_id").notNullable().references("account.id").onDelete("cascade").index();
  });
  await knex.schema.createTable("password_credential", (table) => {
    table.text("account_id").notNullable().primary().references("account.id").onDelete("cascade");
    table.text("hash").notNullable();
    table.bigInteger("updated_at").notNullable();
  });
}

async function createClientTables(knex: Knex): Promise<void> {
  await knex.schema.createTable("client", (table) => {
    table.text("client_id").notNullable().primary();
    table.text("metadata").notNullable();
    table.text("secret_hash");
    table.boolean("first_party").notNullable();
    table.text("resource_server");
    table.text("created_by").notNullable();
    table.boolean("demonstration").notNullable();
    table.bigInteger("created_at").notNullable();
    table.index(["created_at", "client_id"]);
  });
  await knex.schema.createTable("resource_server", (table) => {
    table.text("identifier").notNullable().primary();
    table.text("name").notNullable();
    table.text("scopes").notNullable();
    table.text("access_token_format").notNullable();
    table.text("access_token_algorithm");
    table.bigInteger("access_token_seconds");
    table.bigInteger("created_at").notNullable();
  });
}

/** One row for each value, so that people who allow at once add rows and none overwrites another. */
async function createConsentTable(knex: Knex): Promise<void> {
  await knex.schema.createTable("consent", (table) => {
    table.text("account_id").notNullable().references("account.id").onDelete("cascade");
    table
      .text("client_id")
      .notNullable()
      .references("client.client_id")
      .onDelete("cascade")
      .index();
    table.text("resource").notNullable();
    table.text("kind").notNullable();
    table.text("value").notNullable();
    table.bigInteger("granted_at").notNullable();
    table.primary(["account_id", "client_id", "resource", "kind", "value"]);
  });
}

async function createModelTable(knex: Knex): Promise<void> {
  await knex.schema.createTable("model", (table) => {
    table.text("model").notNullable();
    table.text("id").notNullable();
    table.text("payload").notNullable();
    table.text("grant_id");
    table.text("uid");
    table.text("user_code");
    table.text("account_id");
    table.text("client_id");
    table.bigInteger("expires_at");
    table.bigInteger("consumed_at");
    table.text("consumed_by");
    table.primary(["model", "id"]);
    // Partial: most records lack most of these, and each entry costs a write.
    for (const column of ["grant_id", "uid", "account_id", "client_id", "expires_at"]) {
      table.index([column], `model_${column}_index`, { predicate: knex.whereNotNull(column) });
    }
    table.unique(["model", "user_code"], {
      indexName: "model_user_code_unique",
      predicate: knex.whereNotNull("user_code"),
    });
  });
}

/** Loses all data. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema
    .dropTable("model")
    .dropTable("signing_key")
    .dropTable("consent")
    .dropTable("resource_server")
    .dropTable("client")
    .dropTable("password_credential")
    .dropTable("account_identifier")
    .dropTable("account");
}
