import type { Knex } from "knex";

/** By which the sessions of a client are found, and what has yet to be cleaned up of what ended. */
export async function up(knex: Knex): Promise<void> {
  // No foreign keys: a session has a new row at each sign-in, and may lie in Redis.
  await knex.schema.createTable("session_client", (table) => {
    table.text("client_id").notNullable();
    table.text("uid").notNullable();
    table.bigInteger("expires_at").notNullable().index();
    table.primary(["client_id", "uid"]);
  });
  await knex.schema.createTable("session_ending", (table) => {
    table.text("subject").notNullable();
    table.text("id").notNullable();
    table.text("reason").notNullable();
    table.bigInteger("ended_until").notNullable();
    table.bigInteger("due_at").notNullable().index();
    table.text("claim");
    table.primary(["subject", "id"]);
  });
  await knex.schema.alterTable("model", (table) => {
    // With `model` in it there is no other index that PostgreSQL could take for the better one, which
    // it does as long as it has not counted the rows of a table that grows.
    table.index(["account_id", "model"], "model_account_id_model_index", {
      predicate: knex.whereNotNull("account_id"),
    });
    table.dropIndex(["account_id"], "model_account_id_index");
  });
}

/** Sessions are found by account alone; relying parties are not told of what was not cleaned up yet. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable("model", (table) => {
    table.index(["account_id"], "model_account_id_index", {
      predicate: knex.whereNotNull("account_id"),
    });
    table.dropIndex(["account_id", "model"], "model_account_id_model_index");
  });
  await knex.schema.dropTable("session_ending").dropTable("session_client");
}
