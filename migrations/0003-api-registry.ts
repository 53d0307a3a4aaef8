import type { Knex } from "knex";

/**
 * Which clients may ask an API's tokens for which scopes, and what else is said of an API. APIs that
 * are there stay open to every client, and so are those that an older version adds.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("resource_server", (table) => {
    table.boolean("is_default").notNullable().defaultTo(false);
    table.boolean("is_open").notNullable().defaultTo(true);
    table.boolean("status_list").notNullable().defaultTo(false);
    table.boolean("publish_metadata").notNullable().defaultTo(false);
    table.text("claims").notNullable().defaultTo("{}");
    table.text("managed_by");
  });
  await knex.raw(
    `create unique index resource_server_default_unique on resource_server (is_default)
     where is_default`,
  );
  await knex.schema.createTable("resource_server_client", (table) => {
    table
      .text("resource_server")
      .notNullable()
      .references("resource_server.identifier")
      .onDelete("cascade");
    table
      .text("client_id")
      .notNullable()
      .references("client.client_id")
      .onDelete("cascade")
      .index();
    table.text("scopes");
    table.primary(["resource_server", "client_id"]);
  });
  if (isPostgres(knex)) await tellChanges(knex);
}

/**
 * A client's permission is told as a change of the API. Which API is the default is kept also when
 * none is, so a new default tells of itself too.
 */
async function tellChanges(knex: Knex): Promise<void> {
  await knex.raw(`
    create function tell_resource_server_change() returns trigger language plpgsql as $$
    begin
      perform pg_notify('latchkey_change', case
        when octet_length(key) > 7000 then 'resource_server' else 'resource_server ' || key end)
      from (select distinct resource_server as key from changed) as keys;
      return null;
    end $$`);
  for (const [change, rows] of [
    ["insert", "new"],
    ["update", "new"],
    ["delete", "old"],
  ]) {
    await knex.raw(
      `create trigger resource_server_client_tells_${change}
       after ${change} on resource_server_client referencing ${rows} table as changed
       for each statement execute function tell_resource_server_change()`,
    );
  }
  await knex.raw(`
    create function tell_resource_server_default() returns trigger language plpgsql as $$
    begin
      perform pg_notify('latchkey_change', 'resource_server_default');
      return null;
    end $$`);
  for (const [change, condition] of [
    ["insert", "new.is_default"],
    ["update", "old.is_default <> new.is_default"],
    ["delete", "old.is_default"],
  ]) {
    await knex.raw(
      `create trigger resource_server_tells_default_${change} after ${change} on resource_server
       for each row when (${condition}) execute function tell_resource_server_default()`,
    );
  }
  await knex.raw(
    `create trigger resource_server_tells_default_truncate after truncate on resource_server
     for each statement execute function tell_resource_server_default()`,
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("resource_server_client");
  await knex.raw("drop index resource_server_default_unique");
  if (isPostgres(knex)) {
    await knex.raw("drop function tell_resource_server_change() cascade");
    await knex.raw("drop function tell_resource_server_default() cascade");
  }
  for (const column of COLUMNS) await knex.raw(`alter table resource_server drop column ${column}`);
}

const COLUMNS = [
  "is_default",
  "is_open",
  "status_list",
  "publish_metadata",
  "claims",
  "managed_by",
];

function isPostgres(knex: Knex): boolean {
  return knex.client.config.client === "pg";
}
