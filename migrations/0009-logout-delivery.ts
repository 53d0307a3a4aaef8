import type { Knex } from "knex";

/** One row for each client that has yet to learn, or has learnt, of the end of a session. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("logout_delivery", (table) => {
    table.text("id").notNullable().primary();
    // No foreign keys: whoever is deleted meanwhile, an administrator can still read what became of it.
    table.text("client_id").notNullable();
    table.text("account_id").notNullable();
    table.text("sid").notNullable();
    table.text("destination").notNullable();
    table.text("state").notNullable();
    table.integer("failures").notNullable();
    table.text("reason");
    table.bigInteger("requested_at").notNullable();
    table.bigInteger("due_at");
    table.text("claim");
    table.bigInteger("finished_at");
    table.bigInteger("expires_at");
    table.unique(["client_id", "sid"]);
    table.index(["due_at"], "logout_delivery_due_at_index", {
      predicate: knex.whereNotNull("due_at"),
    });
    table.index(["client_id", "due_at"], "logout_delivery_client_id_due_at_index", {
      predicate: knex.whereNotNull("due_at"),
    });
    table.index(["expires_at"], "logout_delivery_expires_at_index", {
      predicate: knex.whereNotNull("expires_at"),
    });
  });
}

/** Logouts that were not delivered yet never are. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("logout_delivery");
}
