import { readdir } from "node:fs/promises";
import type { Knex } from "knex";
import { LatchkeyError } from "../lib/errors.js";
import { codeOf } from "./dialect.js";
import type { Database } from "./open-database.js";

/** One step of the schema. Its name is recorded, so it never changes. */
export interface SchemaMigration {
  /** File name without extension. */
  readonly name: string;
  readonly up: (knex: Knex) => Promise<void>;
  readonly down: (knex: Knex) => Promise<void>;
}

/** Compiled beside `src`. */
const MIGRATIONS_FOLDER = new URL("../../migrations/", import.meta.url);
const MIGRATION_FILE = /^(\d{4}-[a-z0-9-]+)\.js$/;
const MIGRATION_TABLE = "migration";
/** Ends the name of a migration that takes away what the version before still uses. */
const CONTRACT_SUFFIX = "-contract";

/**
 * Brings the schema up to date, all or nothing, in one transaction. Any number of processes may call
 * it at once: one migrates, the others wait for it. A process that dies in it changes nothing.
 *
 * @returns the names of the migrations that this call applied.
 * @throws LatchkeyError `database_newer`, `database_unusable`, `database_unavailable`
 */
export async function migrateDatabase(
  database: Database,
  migrations?: readonly SchemaMigration[],
): Promise<readonly string[]> {
  const known = migrations ?? (await loadMigrations());
  return explained(database, () =>
    lockedTransaction(database, async (transaction) => {
      assertNotNewer(await findRecorded(transaction), known);
      const [, applied]: [number, string[]] = await transaction.migrate.latest(knexOptions(known));
      return applied;
    }),
  );
}

/**
 * Takes back every migration, and with them all data. For tests and for developers.
 */
export async function revertDatabase(
  database: Database,
  migrations?: readonly SchemaMigration[],
): Promise<void> {
  const known = migrations ?? (await loadMigrations());
  await lockedTransaction(database, (transaction) =>
    transaction.migrate.rollback(knexOptions(known), true),
  );
}

async function lockedTransaction<Result>(
  database: Database,
  work: (transaction: Knex.Transaction) => Promise<Result>,
): Promise<Result> {
  return database.withoutTimeLimit((knex) =>
    knex.transaction(async (transaction) => {
      await database.dialect.lockForMigration(transaction);
      return work(transaction);
    }),
  );
}

/**
 * Reads only, so that the server needs no right to change the schema.
 *
 * @throws LatchkeyError `database_behind`, `database_newer`, `database_unusable`, `database_unavailable`
 */
export async function assertSchemaCurrent(
  database: Database,
  migrations?: readonly SchemaMigration[],
): Promise<void> {
  const known = migrations ?? (await loadMigrations());
  const recorded = await explained(database, () => findRecorded(database.knex));
  assertNotNewer(recorded, known);
  const missing = known.filter(({ name }) => !recorded.includes(name));
  if (missing.length > 0) {
    throw new LatchkeyError(
      "database_behind",
      `The database lacks ${missing.length} of ${known.length} migrations: run "latchkey migrate".`,
    );
  }
}

/** At start and in commands, a database that can't be had is the operator's to mend: it says which. */
async function explained<Result>(database: Database, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (err) {
    if (database.dialect.isRefusal(err)) throw databaseRefuses(database, err);
    if (database.dialect.isDistrusted(err)) throw databaseDistrusted(database, err);
    throw database.dialect.isOutage(err) ? databaseSilent(database, err) : err;
  }
}

function databaseRefuses({ location }: Database, err: unknown): LatchkeyError {
  return new LatchkeyError(
    "database_unusable",
    `The database at ${location} refuses access (${codeOf(err)}): check the user, password and database name in its URL, and what the user may do.`,
    { cause: err },
  );
}

function databaseDistrusted({ location }: Database, err: unknown): LatchkeyError {
  return new LatchkeyError(
    "database_unusable",
    `The database at ${location} is not trusted (${codeOf(err) || "no TLS"}): its certificate must be signed by the authority in sslrootcert and name the host in the URL.`,
    { cause: err },
  );
}

function databaseSilent({ location }: Database, err: unknown): LatchkeyError {
  return new LatchkeyError(
    "database_unavailable",
    `The database at ${location} does not answer (${codeOf(err) || "no reply"}): see that it runs, can be reached, and is not busy with another migration.`,
    { cause: err },
  );
}

async function findRecorded(knex: Knex): Promise<string[]> {
  if (!(await knex.schema.hasTable(MIGRATION_TABLE))) return [];
  return knex(MIGRATION_TABLE).orderBy("name").pluck("name");
}

/**
 * A later migration that only adds leaves this version what it needs: nodes of both versions run side
 * by side, whichever is restarted. One that takes something away says so in its name.
 */
function assertNotNewer(recorded: readonly string[], known: readonly SchemaMigration[]): void {
  const unknown = recorded.filter((name) => !known.some((migration) => migration.name === name));
  const contracting = unknown.filter((name) => name.endsWith(CONTRACT_SUFFIX));
  if (contracting.length > 0) {
    throw new LatchkeyError(
      "database_newer",
      `The database was migrated by a newer version of Latchkey (${contracting.join(", ")}): run that version, ` +
        "or restore the backup made before it.",
    );
  }
}

/** Knex knows each migration by a name without extension: the same for source and compiled files. */
function knexOptions(migrations: readonly SchemaMigration[]): Knex.MigratorConfig {
  return {
    tableName: MIGRATION_TABLE,
    // The transaction around it is ours.
    disableTransactions: true,
    // Names that this version does not know were judged by `assertNotNewer`.
    disableMigrationsListValidation: true,
    migrationSource: {
      getMigrations: async () => [...migrations],
      getMigrationName: ({ name }: SchemaMigration) => name,
      getMigration: async (migration: SchemaMigration) => migration,
    },
  };
}

async function loadMigrations(): Promise<SchemaMigration[]> {
  const files = (await readdir(MIGRATIONS_FOLDER)).toSorted();
  const names = files.flatMap((file) => MIGRATION_FILE.exec(file)?.[1] ?? []);
  return Promise.all(names.map(loadMigration));
}

async function loadMigration(name: string): Promise<SchemaMigration> {
  const module: unknown = await import(new URL(`${name}.js`, MIGRATIONS_FOLDER).href);
  if (!isMigrationModule(module)) throw new TypeError(`migrations/${name} must export up and down`);
  return { name, up: module.up, down: module.down };
}

function isMigrationModule(module: unknown): module is Pick<SchemaMigration, "up" | "down"> {
  return (
    typeof module === "object" &&
    module !== null &&
    "up" in module &&
    typeof module.up === "function" &&
    "down" in module &&
    typeof module.down === "function"
  );
}
