import type { Knex } from "knex";

/** One row for each mail that waits to be delivered, was given up, or is kept for the outbox page. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("mail_message", (table) => {
    table.text("id").notNullable().primary();
    // No foreign key: what an account was told by its end is delivered all the same.
    table.text("account_id").index();
    table.text("template").notNullable();
    table.text("sealed").notNullable();
    table.text("state").notNullable();
    table.integer("failures").notNullable();
    table.text("reason");
    table.bigInteger("requested_at").notNullable();
    table.bigInteger("useful_until").notNullable();
    table.bigInteger("due_at");
    table.text("claim");
    table.bigInteger("expires_at");
    table.index(["due_at"], "mail_message_due_at_index", {
      predicate: knex.whereNotNull("due_at"),
    });
    table.index(["expires_at"], "mail_message_expires_at_index", {
      predicate: knex.whereNotNull("expires_at"),
    });
  });
}

/** Mail that was not delivered yet never is. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("mail_message");
}
