import type { Knex } from "knex";

/** Providers that people may sign in at. Whatever changes is told as a change of all: they are few. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("upstream_provider", (table) => {
    table.text("id").primary();
    table.text("display_name").notNullable();
    table.text("kind").notNullable();
    table.text("issuer").notNullable().unique();
    table.text("preset");
    table.text("client_id").notNullable();
    table.text("authentication").notNullable();
    table.text("sealed_client_secret");
    table.text("settings").notNullable();
    table.boolean("disabled").notNullable().defaultTo(false);
    table.text("managed_by");
    table.integer("version").notNullable();
    table.bigInteger("created_at").notNullable();
  });
  if (!isPostgres(knex)) return;
  await knex.raw(`
    create function tell_upstream_provider_change() returns trigger language plpgsql as $$
    begin
      perform pg_notify('latchkey_change', 'upstream_provider');
      return null;
    end $$`);
  await knex.raw(
    `create trigger upstream_provider_tells
     after insert or update or delete or truncate on upstream_provider
     for each statement execute function tell_upstream_provider_change()`,
  );
}

/** Nobody can sign in at another provider any more. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("upstream_provider");
  if (isPostgres(knex)) await knex.raw("drop function tell_upstream_provider_change()");
}

function isPostgres(knex: Knex): boolean {
  return knex.client.config.client === "pg";
}
