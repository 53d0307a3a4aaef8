import type { Knex } from "knex";

/** One row for each counter of attempts; with Redis they lie there. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("attempt", (table) => {
    table.text("subject").notNullable();
    table.text("source").notNullable();
    table.integer("failures").notNullable();
    table.bigInteger("forgiven_at").notNullable();
    table.bigInteger("blocked_until").notNullable();
    table.bigInteger("expires_at").notNullable();
    table.primary(["subject", "source"]);
    table.index(["expires_at"]);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("attempt");
}
