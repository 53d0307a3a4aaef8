import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Database as SqliteConnection } from "better-sqlite3";
import knex, { type Knex } from "knex";
import { Client } from "pg";
import type { ChangeFeed } from "../lib/change-feed.js";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import {
  codeOf,
  postgresConfig,
  postgresDialect,
  postgresMigrationConfig,
  sqliteConfig,
  sqliteDialect,
  type Dialect,
  type PoolOptions,
} from "./dialect.js";
import { openPostgresChangeFeed } from "./postgres-change-feed.js";
import { databaseUnavailable } from "./report-outages.js";
import { openSqliteChangeFeed } from "./sqlite-change-feed.js";

/** Connections to one SQL database; what every store of this folder is made over. */
export interface Database {
  readonly knex: Knex;
  readonly dialect: Dialect;
  /** For the operator: the path of the file, or host, port and name. Carries no credentials. */
  readonly location: string;
  /** Runs work that may take longer than a request is given. */
  withoutTimeLimit<Result>(work: (knex: Knex) => Promise<Result>): Promise<Result>;
  /**
   * Resolves when the database answers. Takes 2 s at most.
   * @throws LatchkeyError `database_unavailable`
   */
  ping(): Promise<void>;
  /**
   * For processes that serve, once the schema is current; on PostgreSQL over a connection of its own.
   * One at a time.
   */
  openChangeFeed(logger: Pick<Logger, "info" | "warn">): ChangeFeed;
  /** Waits for queries under way; calls after it fail. */
  close(): Promise<void>;
}

export interface OpenDatabaseOptions {
  /** Connections to PostgreSQL; SQLite always has one. */
  readonly poolMax?: number;
  /** Gets what the pool has to say about lost connections. */
  readonly logger?: Pick<Logger, "warn">;
}

const DEFAULT_POOL_MAX = 10;
const PING_TIMEOUT_MS = 2_000;

/**
 * Opens `sqlite:<path>` (relative to the working directory; `sqlite::memory:` for tests) or
 * `postgres://…`. A SQLite file is created when absent, and is opened at once so that one that
 * can't be used is found here; PostgreSQL connects at the first query.
 *
 * @throws LatchkeyError `database_unusable`; its message never carries the URL's credentials.
 */
export async function openDatabase(
  url: string,
  options: OpenDatabaseOptions = {},
): Promise<Database> {
  const poolOptions = {
    poolMax: options.poolMax ?? DEFAULT_POOL_MAX,
    warn: (message: string) => options.logger?.warn(message),
  };
  if (url.startsWith("sqlite:")) return openSqlite(sqlitePath(url), poolOptions);
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url, poolOptions);
  throw unusable("The database URL must begin with sqlite: or postgres://.");
}

async function openSqlite(path: string, poolOptions: PoolOptions): Promise<Database> {
  let connection: SqliteConnection | undefined;
  const config = sqliteConfig(path, {
    ...poolOptions,
    onConnection: (made) => {
      connection = made;
    },
  });
  const connections = await connectSqlite(path, config);
  return {
    knex: connections,
    dialect: sqliteDialect,
    location: path,
    withoutTimeLimit: (work) => work(connections),
    ping: () => ping(connections, sqliteDialect),
    openChangeFeed: () => openSqliteChangeFeed({ connection: () => requireConnection(connection) }),
    close: () => connections.destroy(),
  };
}

/** There is one since the file was opened. */
function requireConnection(connection: SqliteConnection | undefined): SqliteConnection {
  if (connection === undefined) throw new Error("the database file is not open");
  return connection;
}

function openPostgres(url: string, poolOptions: PoolOptions): Database {
  const location = postgresLocation(url);
  const connections = knex(postgresConfig(url, poolOptions));
  return {
    knex: connections,
    dialect: postgresDialect,
    location,
    async withoutTimeLimit(work) {
      const patient = knex(postgresMigrationConfig(url, poolOptions));
      try {
        return await work(patient);
      } finally {
        await patient.destroy();
      }
    },
    ping: () => ping(connections, postgresDialect),
    openChangeFeed: (logger) => openPostgresChangeFeed({ url, logger }),
    close: () => connections.destroy(),
  };
}

async function ping(connections: Knex, dialect: Dialect): Promise<void> {
  try {
    await inTime(connections.raw(dialect.pingSql), PING_TIMEOUT_MS);
  } catch (err) {
    throw databaseUnavailable(err);
  }
}

/** `sqlite:data/x`, and the form with slashes that other tools use: `sqlite:///srv/x`. */
function sqlitePath(url: string): string {
  const path = url.slice("sqlite:".length).replace(/^\/\//, "");
  if (path === "") throw unusable("The database URL sqlite: lacks the path of a file.");
  return path === ":memory:" ? path : resolve(path);
}

async function connectSqlite(path: string, config: Knex.Config): Promise<Knex> {
  let connections: Knex | undefined;
  try {
    if (path !== ":memory:") createPrivateFile(path);
    connections = knex(config);
    await connections.raw(sqliteDialect.pingSql);
    return connections;
  } catch (err) {
    await connections?.destroy();
    throw unusable(`The database file ${JSON.stringify(path)} ${sqliteRemedy(codeOf(err))}`, err);
  }
}

/** For its owner only: it holds password hashes. The files that SQLite puts beside it follow suit. */
function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (err) {
    // One that is there must not be opened: closing it again would drop SQLite's locks on it.
    if (codeOf(err) !== "EEXIST") throw err;
  }
}

function sqliteRemedy(code: string): string {
  if (/^SQLITE_(NOTADB|CORRUPT|FORMAT)/.test(code)) {
    return "is damaged or is not an SQLite database: restore it from a backup, or move it away to begin anew.";
  }
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return "is locked by another program: end that program, or wait until it is done.";
  }
  if (/^(SQLITE_(FULL|IOERR)|ENOSPC|EDQUOT|EIO)/.test(code)) {
    return `can't be read or written (${code}): see that its disk works and has room.`;
  }
  return (
    `can't be opened for writing (${code || "unknown reason"}): see that the path is right and that the user ` +
    "who runs Latchkey may write to the file and its directory."
  );
}

/** As the driver reads it. Errors about URLs quote them, so theirs is not even kept as a cause. */
function postgresLocation(url: string): string {
  try {
    const { host, port, database } = new Client({ connectionString: url });
    return `${host}:${port}/${database ?? ""}`;
  } catch {
    throw unusable(
      "The database URL is not a valid PostgreSQL URL, or a certificate that it names can't be read.",
    );
  }
}

function unusable(message: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError("database_unusable", message, { cause });
}

/** The promise goes on after the time is up, and its outcome is then of no interest. */
async function inTime(promise: PromiseLike<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([promise, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
