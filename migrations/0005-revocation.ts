import type { Knex } from "knex";

/**
 * JWT access tokens that were ended before their time, by what ended: a token, a grant, a session, an
 * account, a client or a consent. Each row is told to every node in whole, so that a node that keeps
 * them all reads nothing; that rows are purged is not told, since each says when it ends.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("revocation", (table) => {
    table.text("subject").notNullable();
    table.text("id").notNullable();
    table.bigInteger("issued_until").notNullable();
    table.bigInteger("expires_at").notNullable().index();
    table.primary(["subject", "id"]);
  });
  if (!isPostgres(knex)) return;
  await knex.raw(TELL_REVOCATION);
  for (const change of ["insert", "update"]) {
    await knex.raw(
      `create trigger revocation_tells_${change} after ${change} on revocation
       referencing new table as added for each statement execute function tell_revocation()`,
    );
  }
}

/**
 * `revocation <row as a JSON array>` for each, or `revocation` alone for any number of them: where
 * there are many, and where a row is longer than a notification can be (8000 bytes).
 */
const TELL_REVOCATION = `
create function tell_revocation() returns trigger language plpgsql as $$
declare
  rows text[];
begin
  select array_agg(json_build_array(subject, id, issued_until, expires_at)::text)
    into rows from (select * from added limit 101) as some_added;
  if cardinality(rows) > 100
    or exists (select from unnest(rows) as row where octet_length(row) > 7000)
  then
    perform pg_notify('latchkey_change', 'revocation');
  else
    perform pg_notify('latchkey_change', 'revocation ' || row) from unnest(rows) as row;
  end if;
  return null;
end $$`;

/** What was revoked is valid again until it expires. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("revocation");
  if (isPostgres(knex)) await knex.raw("drop function tell_revocation()");
}

function isPostgres(knex: Knex): boolean {
  return knex.client.config.client === "pg";
}
