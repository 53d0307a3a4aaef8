import knex, { type Knex } from "knex";
import type { Database as SqliteConnection } from "better-sqlite3";
import { DatabaseError, TypeOverrides, types, type Client, type ClientConfig } from "pg";

/**
 * All that differs between SQLite and PostgreSQL: how a connection is made and checked, the few
 * statements that only one of them knows, and what their errors mean. Everything else in this folder
 * is query builder that runs the same on both.
 */
export interface Dialect {
  readonly name: "sqlite" | "postgres";
  /** Reads from the database itself, so that it fails when the database is gone. */
  readonly pingSql: string;
  /**
   * First step of the transaction that migrates: waits until no other process migrates. The lock
   * ends with the transaction, however that ends, so `kill -9` leaves none behind.
   */
  lockForMigration(transaction: Knex.Transaction): Promise<void>;
  /** Rows that another transaction holds are left out rather than waited for. */
  skipLocked(query: Knex.QueryBuilder): Knex.QueryBuilder;
  /** Rows are locked in the order in which they are read. */
  lockRows(query: Knex.QueryBuilder): Knex.QueryBuilder;
  isUniqueViolation(err: unknown): boolean;
  isForeignKeyViolation(err: unknown): boolean;
  /** Whether the same call may succeed later: unreachable, overloaded, locked, disk full. */
  isOutage(err: unknown): boolean;
  /** Whether the database answers but lets nobody in under this URL: user, password, name. */
  isRefusal(err: unknown): boolean;
  /** Whether the database could not prove by its certificate that it is the one meant. */
  isDistrusted(err: unknown): boolean;
}

/** 5 s: longer than any write of ours, shorter than a person waits. It blocks the event loop. */
const SQLITE_BUSY_TIMEOUT_MS = 5_000;
/** Only at start or in a command, where nobody else is served by this process. */
const MIGRATION_LOCK_TIMEOUT_MS = 60_000;
/** Marks the file as ours in its header ("LKEY"), see `pragma application_id`. */
const SQLITE_APPLICATION_ID = 0x4c4b4559;
/** With one connection, waiters only queue behind statements of about a millisecond. */
const SQLITE_ACQUIRE_TIMEOUT_MS = 10_000;

const POSTGRES_ACQUIRE_TIMEOUT_MS = 3_000;
/** Below the acquire timeout, so that the reason is reported and not just that it took too long. */
const POSTGRES_CONNECT_TIMEOUT_MS = 2_500;
const POSTGRES_STATEMENT_TIMEOUT_MS = 5_000;
/** Ends what the server can't: a query whose connection went silent. */
const POSTGRES_REPLY_TIMEOUT_MS = 6_000;
/** It asks for nothing that takes time. */
const POSTGRES_LISTENER_REPLY_TIMEOUT_MS = 2_000;
/** Ends what a process that was stopped in mid-transaction would keep locked. */
const POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
/** Silence after which the operating system asks whether the other side is still there. */
const POSTGRES_KEEP_ALIVE_DELAY_MS = 10_000;

export const sqliteDialect: Dialect = {
  name: "sqlite",
  pingSql: "select 1 from sqlite_schema limit 1",
  async lockForMigration(transaction) {
    await transaction.raw(`pragma busy_timeout = ${MIGRATION_LOCK_TIMEOUT_MS}`);
    try {
      // A write, so that the write lock is held from here on; reading first could not be upgraded.
      await transaction.raw(`pragma application_id = ${SQLITE_APPLICATION_ID}`);
    } finally {
      await transaction.raw(`pragma busy_timeout = ${SQLITE_BUSY_TIMEOUT_MS}`);
    }
  },
  skipLocked: (query) => query,
  lockRows: (query) => query,
  isUniqueViolation: (err) => /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)$/.test(codeOf(err)),
  isForeignKeyViolation: (err) => codeOf(err) === "SQLITE_CONSTRAINT_FOREIGNKEY",
  isOutage: (err) =>
    err instanceof knex.KnexTimeoutError ||
    /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN)/.test(codeOf(err)),
  isRefusal: () => false, // found when the file is opened
  isDistrusted: () => false,
};

export const postgresDialect: Dialect = {
  name: "postgres",
  pingSql: "select 1",
  async lockForMigration(transaction) {
    await transaction.raw(`set local lock_timeout = ${MIGRATION_LOCK_TIMEOUT_MS}`);
    await transaction.raw("select pg_advisory_xact_lock(hashtext('latchkey migration'))");
  },
  skipLocked: (query) => query.forUpdate().skipLocked(),
  lockRows: (query) => query.forUpdate(),
  isUniqueViolation: (err) => codeOf(err) === "23505",
  isForeignKeyViolation: (err) => codeOf(err) === "23503",
  isOutage: (err) =>
    err instanceof knex.KnexTimeoutError ||
    POSTGRES_OUTAGE_CODES.test(codeOf(err)) ||
    isDistrusted(err) ||
    (err instanceof Error &&
      !(err instanceof DatabaseError) &&
      DRIVER_OUTAGE_MESSAGES.test(err.message)),
  // Invalid authorization, invalid catalog name, insufficient privilege.
  isRefusal: (err) => /^(28...|3D000|42501)$/.test(codeOf(err)),
  isDistrusted,
};

/**
 * SQLSTATE: connection (08), serialization and deadlock (40), resources (53), lock and statement
 * timeout (55P03, 57014), shutdown (57P0x), read-only standby (25006), system error (58); and the
 * errors of sockets and name resolution.
 */
const POSTGRES_OUTAGE_CODES =
  /^(08...|40...|53...|55P03|57014|57P0.|25006|58...|E(CONN|HOST|NET|ADDR)[A-Z]+|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|ENOENT)$/;

/** The driver gives these no code; knex puts the statement before them. */
const DRIVER_OUTAGE_MESSAGES =
  /(Connection terminated( unexpectedly)?|Query read timeout|timeout expired|is not queryable)$/;

/** What Node reports of certificates, and the driver of servers without any. */
function isDistrusted(err: unknown): boolean {
  if (!(err instanceof Error)) return false;
  return (
    CERTIFICATE_CODES.test(codeOf(err)) ||
    err.message.endsWith("The server does not support SSL connections")
  );
}

/** Those of OpenSSL's verification (`X509_V_ERR_…`) and of Node's comparison of names. */
const CERTIFICATE_CODES =
  /^(.*_CERT(_.*)?|CERT_.*|UNABLE_TO_VERIFY_LEAF_SIGNATURE|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH_EXCEEDED)$/;

export interface PoolOptions {
  readonly poolMax: number;
  readonly warn: (message: string) => void;
}

export interface SqliteOptions extends PoolOptions {
  /** Gets the one connection of the pool whenever it is made. */
  readonly onConnection: (connection: SqliteConnection) => void;
}

export function sqliteConfig(filename: string, { warn, onConnection }: SqliteOptions): Knex.Config {
  return {
    client: "better-sqlite3",
    connection: { filename },
    useNullAsDefault: true,
    ...quietErrors(warn),
    pool: {
      min: 1,
      max: 1,
      acquireTimeoutMillis: SQLITE_ACQUIRE_TIMEOUT_MS,
      afterCreate(
        connection: SqliteConnection,
        done: (err: unknown, connection: SqliteConnection) => void,
      ) {
        try {
          prepareSqlite(connection);
          onConnection(connection);
          done(undefined, connection);
        } catch (err) {
          connection.close();
          done(err, connection);
        }
      },
      // A commit that failed may leave its transaction open, and the next caller inside it.
      validate(connection: SqliteConnection) {
        if (connection.inTransaction) connection.exec("rollback");
        return true;
      },
    },
  };
}

function prepareSqlite(connection: SqliteConnection): void {
  connection.pragma(`busy_timeout = ${SQLITE_BUSY_TIMEOUT_MS}`);
  connection.pragma("journal_mode = WAL");
  connection.pragma("synchronous = FULL");
  connection.pragma("foreign_keys = ON");
  // A write that is taken back: a file that may not be written is found now, not at a sign-in.
  // Beginning alone would not tell, since on such a file it begins to read.
  connection.exec(`begin immediate; pragma application_id = ${SQLITE_APPLICATION_ID}; rollback`);
}

export function postgresConfig(url: string, { poolMax, warn }: PoolOptions): Knex.Config {
  return {
    client: "pg",
    connection: {
      ...postgresConnection(url),
      statement_timeout: POSTGRES_STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT_MS,
      query_timeout: POSTGRES_REPLY_TIMEOUT_MS,
    },
    ...quietErrors(warn),
    pool: {
      min: 0,
      max: poolMax,
      acquireTimeoutMillis: POSTGRES_ACQUIRE_TIMEOUT_MS,
      // One that still waits for a lost reply, or sits in a transaction that did not end, is dropped.
      validate: (connection: Client & { readyForQuery?: boolean }) =>
        connection.readyForQuery !== false && connection.getTransactionStatus() === "I",
    },
  };
}

/** One connection without limits on a statement: a migration of a large table takes its time. */
export function postgresMigrationConfig(url: string, { warn }: PoolOptions): Knex.Config {
  return {
    client: "pg",
    connection: postgresConnection(url),
    ...quietErrors(warn),
    pool: { min: 0, max: 1, acquireTimeoutMillis: POSTGRES_ACQUIRE_TIMEOUT_MS },
  };
}

/** The connection that is told of changes, and none of the pool's. */
export function postgresListenerConfig(url: string): ClientConfig {
  const { types: _types, ...connection } = postgresConnection(url);
  return {
    ...connection,
    application_name: "latchkey changes",
    query_timeout: POSTGRES_LISTENER_REPLY_TIMEOUT_MS,
  };
}

function postgresConnection(url: string): Knex.PgConnectionConfig {
  // `bigint` as number: ours are epoch seconds and counts, far below 2^53.
  const overrides = new TypeOverrides();
  overrides.setTypeParser(types.builtins.INT8, Number);
  return {
    application_name: "latchkey",
    connectionString: url,
    connectionTimeoutMillis: POSTGRES_CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: POSTGRES_KEEP_ALIVE_DELAY_MS,
    types: {
      getTypeParser: (oid, format) =>
        overrides.getTypeParser(oid, format === "binary" ? "binary" : "text"),
    },
  };
}

/** Error messages keep their placeholders (values are personal or secret), and nothing is printed. */
function quietErrors(warn: (message: string) => void): Knex.Config {
  return {
    compileSqlOnError: false,
    log: { warn, error: warn, deprecate: warn, debug: () => {} },
  };
}

/** The code of a driver's or system error; the first one where several addresses were tried. */
export function codeOf(err: unknown): string {
  if (err instanceof AggregateError && !("code" in err)) return codeOf(err.errors[0]);
  return err instanceof Error && "code" in err ? String(err.code) : "";
}
