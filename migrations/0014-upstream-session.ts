import type { Knex } from "knex";

/** Which sessions here began with which sessions at other providers, so that they can end together. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable("upstream_session", (table) => {
    table.text("session").notNullable();
    // No foreign key: what a provider says of a session is true after it was removed, too.
    table.text("provider").notNullable();
    table.text("subject").notNullable();
    table.text("sid");
    table.text("sealed_id_token");
    table.bigInteger("began_at").notNullable();
    table.bigInteger("expires_at").notNullable().index();
    table.primary(["session", "provider"]);
    table.index(["provider", "subject"]);
  });
}

/** Sessions no longer end with those at other providers. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable("upstream_session");
}
