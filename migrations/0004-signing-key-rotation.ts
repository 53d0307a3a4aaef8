import type { Knex } from "knex";

const CHANGES = { insert: "new", update: "old", delete: "old" };

/**
 * When a key begins to sign and when it stops being published: in the row, so that all nodes swap by
 * their clocks. Keys from before this migration sign since they were made. New keys are told of,
 * too: a node publishes what it does not sign with yet.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable("signing_key", (table) => {
    table.bigInteger("signs_from");
    table.bigInteger("published_until");
  });
  if (!isPostgres(knex)) return;
  for (const [change, rows] of Object.entries(CHANGES)) {
    await knex.raw(
      `create trigger signing_key_tells_${change} after ${change} on signing_key
       referencing ${rows} table as changed for each statement execute function tell_change('kid')`,
    );
  }
  await knex.raw(
    `create trigger signing_key_tells_truncate after truncate on signing_key
     for each statement execute function tell_change('kid')`,
  );
}

export async function down(knex: Knex): Promise<void> {
  if (isPostgres(knex)) {
    for (const change of [...Object.keys(CHANGES), "truncate"]) {
      await knex.raw(`drop trigger if exists signing_key_tells_${change} on signing_key`);
    }
  }
  await knex.schema.alterTable("signing_key", (table) => {
    table.dropColumn("signs_from");
    table.dropColumn("published_until");
  });
}

function isPostgres(knex: Knex): boolean {
  return knex.client.config.client === "pg";
}
