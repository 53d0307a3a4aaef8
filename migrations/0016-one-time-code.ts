import type { Knex } from "knex";

/** Codes and links that were sent to somebody and count once. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("one_time_code", (table) => {
    table.text("purpose").notNullable();
    table.text("subject_hash").notNullable();
    table.text("code_hash").notNullable();
    table.text("token_hash").notNullable().unique();
    table.integer("tries_left").notNullable();
    table.text("sealed_data").notNullable();
    table.bigInteger("expires_at").notNullable().index();
    table.primary(["purpose", "subject_hash"]);
  });
}

/** What was sent opens nothing any more: people ask for another. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("one_time_code");
}
