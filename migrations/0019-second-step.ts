import type { Knex } from "knex";

/** Authenticator apps and recovery codes of people, and applications that ask for a second step. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("totp_authenticator", (table) => {
    table.text("account_id").notNullable().primary().references("account.id").onDelete("cascade");
    table.text("sealed_secret").notNullable();
    table.bigInteger("last_used_step").notNullable();
    table.integer("wrong_codes").notNullable();
    table.bigInteger("refused_until").notNullable();
    table.bigInteger("created_at").notNullable();
  });
  await knex.schema.createTable("recovery_code", (table) => {
    table.text("account_id").notNullable().references("account.id").onDelete("cascade");
    table.integer("position").notNullable();
    table.text("sealed_hash").notNullable();
    table.bigInteger("used_at");
    table.bigInteger("created_at").notNullable();
    table.primary(["account_id", "position"]);
  });
  await knex.schema.alterTable("client", (table) => {
    // Older nodes leave it at "no".
    table.boolean("second_step").notNullable().defaultTo(false);
  });
}

/** People sign in with their password alone again, whatever an application asks for. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw("alter table client drop column second_step");
  await knex.schema.dropTable("recovery_code").dropTable("totp_authenticator");
}
