import type { Knex } from "knex";

/** Who an account is at other providers, and which accounts still wait for their first sign-in. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("federated_identity", (table) => {
    table.text("issuer").notNullable();
    table.text("subject").notNullable();
    table.text("account_id").notNullable().references("account.id").onDelete("cascade").index();
    // No foreign key: a provider that is removed and added again finds its people.
    table.text("provider").notNullable();
    table.text("display");
    table.bigInteger("linked_at").notNullable();
    table.bigInteger("last_used_at");
    table.primary(["issuer", "subject"]);
  });
  await knex.schema.createTable("account_invitation", (table) => {
    table.text("account_id").notNullable().primary().references("account.id").onDelete("cascade");
    table.bigInteger("created_at").notNullable();
    table.bigInteger("expires_at").notNullable();
  });
}

/** People can no longer sign in through other providers; those without a password not at all. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("account_invitation").dropTable("federated_identity");
}
