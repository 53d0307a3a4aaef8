import type { Knex } from "knex";

/** Public keys that people sign in with. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("passkey", (table) => {
    table.text("credential_id").notNullable().primary();
    table.text("account_id").notNullable().references("account.id").onDelete("cascade").index();
    table.text("user_handle").notNullable();
    table.text("public_key").notNullable();
    table.bigInteger("counter").notNullable();
    table.text("transports").notNullable();
    table.text("aaguid").notNullable();
    table.boolean("synced").notNullable();
    table.boolean("backed_up").notNullable();
    table.text("name").notNullable();
    table.bigInteger("created_at").notNullable();
    table.bigInteger("last_used_at");
  });
}

/** People can no longer sign in with their passkeys; those without another way in not at all. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("passkey");
}
