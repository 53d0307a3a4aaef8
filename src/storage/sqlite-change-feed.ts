import type { Database as SqliteConnection, Statement } from "better-sqlite3";
import type { Change, ChangeFeed, ChangeListener } from "../lib/change-feed.js";

export interface SqliteChangeFeedOptions {
  /** The one connection that this process reads and writes by; another one after it was lost. */
  readonly connection: () => SqliteConnection;
}

/** What is told for rows of a table, as the triggers of PostgreSQL tell it. */
interface Told {
  readonly table: string;
  /** Where it differs from the table. */
  readonly as?: string;
  /** Undefined: any number of rows. */
  readonly key?: string;
}

/** Not `revocation`: who revokes at this node adds it to what this node keeps. */
const TOLD: readonly Told[] = [
  { table: "account", key: "id" },
  { table: "client", key: "client_id" },
  { table: "resource_server", key: "identifier" },
  { table: "resource_server", as: "resource_server_default" },
  { table: "resource_server_client", as: "resource_server", key: "resource_server" },
  { table: "token_exchange_policy", key: "client_id" },
  { table: "signing_key", key: "kid" },
  { table: "upstream_provider" },
];
const ROW_OF = { insert: "new", update: "old", delete: "old" };

/** 5 ms: looking costs some microseconds, and a request asks several times. */
const LOOK_INTERVAL_MS = 5;
/** 250 ms: for those who wait to be told and do not ask. */
const TELL_INTERVAL_MS = 250;
/** 500 ms: inside a transaction SQLite shows what was there when that began. */
const CURRENT_FOR_MS = 500;

/**
 * What this process changes is told row by row, by triggers of this connection alone; that another
 * process changed something (an operator's command) SQLite tells by `data_version`, and not what: then
 * everything may have been missed. One can be open at a time.
 *
 * What happens in a transaction is told when it happens; nobody else reads until that is over, since
 * there is one connection.
 */
export function openSqliteChangeFeed({ connection }: SqliteChangeFeedOptions): ChangeFeed {
  const listeners: ChangeListener[] = [];
  let watched = watch(connection());
  let lookedAtMs = performance.now();
  let isClosed = false;

  function watch(to: SqliteConnection): Watched {
    to.function("tell_change", (table: unknown, key: unknown) => {
      const change = { table: String(table), key: typeof key === "string" ? key : undefined };
      // Not while SQLite runs the statement: a listener may read, and its errors are not the writer's.
      queueMicrotask(() => tell(change));
      return null;
    });
    for (const sql of triggers("create")) to.exec(sql);
    const version = to.prepare<[], number>("pragma data_version").pluck();
    return { connection: to, version, seen: version.get() };
  }

  function tell(change: Change): void {
    if (isClosed) return;
    for (const listener of listeners) listener.changed(change);
  }

  /** @throws when the file cannot be read. */
  function look(): void {
    const now = performance.now();
    if (now - lookedAtMs < LOOK_INTERVAL_MS) return;
    const current = connection();
    const before = watched;
    if (current.inTransaction) return;
    watched =
      current === before.connection ? { ...before, seen: before.version.get() } : watch(current);
    lookedAtMs = now;
    if (watched.connection === before.connection && watched.seen === before.seen) return;
    for (const listener of listeners) listener.missed();
  }

  function isCurrent(): boolean {
    if (isClosed) return false;
    try {
      look();
    } catch {
      // Whoever reads the file next is told why that fails.
      return false;
    }
    return performance.now() - lookedAtMs < CURRENT_FOR_MS;
  }

  const timer = setInterval(isCurrent, TELL_INTERVAL_MS);
  timer.unref();

  return {
    isCurrent,
    subscribe: (listener) => void listeners.push(listener),
    async close() {
      if (isClosed) return;
      isClosed = true;
      clearInterval(timer);
      const { connection: last } = watched;
      if (last.open) for (const sql of triggers("drop")) last.exec(sql);
    },
  };
}

interface Watched {
  readonly connection: SqliteConnection;
  readonly version: Statement<[], number>;
  readonly seen: number | undefined;
}

/** Of this connection alone: nobody else's writes need the function. */
function triggers(verb: "create" | "drop"): string[] {
  return TOLD.flatMap(({ table, as = table, key }) =>
    Object.entries(ROW_OF).map(([change, row]) => {
      const name = `${table}_tells_${as}_${change}`;
      if (verb === "drop") return `drop trigger temp.${name}`;
      const told = key === undefined ? "null" : `${row}.${key}`;
      return `create temp trigger ${name} after ${change} on ${table}
        begin select tell_change('${as}', ${told}); end`;
    }),
  );
}
