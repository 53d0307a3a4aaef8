import type { Knex } from "knex";

/** Clients that may take people's passwords in a form of their own. Older nodes leave it at "no". */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("client", (table) => {
    table.boolean("direct_sign_in").notNullable().defaultTo(false);
  });
  // Whether there is any is asked often, and mostly there is none.
  await knex.raw(
    "create index client_direct_sign_in_index on client (client_id) where direct_sign_in",
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("drop index client_direct_sign_in_index");
  await knex.raw("alter table client drop column direct_sign_in");
}
