import type { Knex } from "knex";

/** What happened to an account, for the person whose it is. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("account_event", (table) => {
    table.text("id").primary();
    table.text("account_id").notNullable().references("account.id").onDelete("CASCADE");
    table.text("kind").notNullable();
    table.text("about");
    table.text("user_agent");
    table.text("network");
    table.integer("count").notNullable();
    table.bigInteger("began_at").notNullable();
    table.bigInteger("at").notNullable();
    table.bigInteger("expires_at").notNullable().index();
    table.index(["account_id", "at", "id"]);
  });
}

/** What happened is forgotten; the audit log still has it. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("account_event");
}
