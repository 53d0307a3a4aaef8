import type { Knex } from "knex";

/** To which version of the terms a person agreed, and when. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("account", (table) => {
    table.text("terms_version");
    table.bigInteger("terms_accepted_at");
  });
}

/** Who agreed to what is forgotten. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable("account", (table) => {
    table.dropColumns("terms_version", "terms_accepted_at");
  });
}
