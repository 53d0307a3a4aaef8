import type { Knex } from "knex";

/** Rows that every node keeps for some seconds, by what they are found by. */
const KEY_COLUMNS = { account: "id", client: "client_id", resource_server: "identifier" };

/**
 * Every write tells of the rows that it changes or deletes, in its own transaction: whoever writes,
 * and only when it commits. New rows are not told of, since "not there" is never kept. A
 * process on SQLite tells itself.
 */
export async function up(knex: Knex): Promise<void> {
  if (!isPostgres(knex)) return;
  await knex.raw(TELL_CHANGE);
  for (const [table, column] of Object.entries(KEY_COLUMNS)) {
    for (const change of ["update", "delete"]) {
      await knex.raw(
        `create trigger ${table}_tells_${change} after ${change} on ${table}
         referencing old table as changed for each statement execute function tell_change('${column}')`,
      );
    }
    await knex.raw(
      `create trigger ${table}_tells_truncate after truncate on ${table}
       for each statement execute function tell_change('${column}')`,
    );
  }
}

/**
 * `<table> <key>` for each row, or `<table>` alone for any number of them: where there are many, and
 * where a key is longer than a notification can be (8000 bytes).
 */
const TELL_CHANGE = `
create function tell_change() returns trigger language plpgsql as $$
declare
  keys text[] := null;
begin
  if tg_op <> 'TRUNCATE' then
    execute format('select array(select %I from changed limit 101)', tg_argv[0]) into keys;
  end if;
  if keys is null or cardinality(keys) > 100
    or exists (select from unnest(keys) as key where octet_length(key) > 7000)
  then
    perform pg_notify('latchkey_change', tg_table_name);
  else
    perform pg_notify('latchkey_change', tg_table_name || ' ' || key) from unnest(keys) as key;
  end if;
  return null;
end $$`;

export async function down(knex: Knex): Promise<void> {
  if (!isPostgres(knex)) return;
  // Its triggers go with it.
  await knex.raw("drop function tell_change() cascade");
}

function isPostgres(knex: Knex): boolean {
  return knex.client.config.client === "pg";
}
