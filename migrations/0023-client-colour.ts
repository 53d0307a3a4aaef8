import type { Knex } from "knex";

/** The accent of the pages about a client, `#rrggbb`. Older nodes show theirs. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("client", (table) => {
    table.text("colour");
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("alter table client drop column colour");
}
