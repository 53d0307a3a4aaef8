import type { Knex } from "knex";

/** When an account is to be deleted, and who is about to do it. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("account", (table) => {
    table.bigInteger("deletion_due_at").index();
    table.text("deletion_claim");
    table.bigInteger("deletion_lease_until");
  });
}

/** Accounts that were to be deleted are ordinary ones again. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable("account", (table) => {
    table.dropIndex("deletion_due_at");
  });
  await knex.schema.alterTable("account", (table) => {
    table.dropColumns("deletion_due_at", "deletion_claim", "deletion_lease_until");
  });
}
