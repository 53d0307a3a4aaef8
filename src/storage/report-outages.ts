import { LatchkeyError } from "../lib/errors.js";
import { mapRejections } from "../lib/map-rejections.js";
import type { Dialect } from "./dialect.js";

/** 2 s: a pool that lost its database finds it again at the next request. */
const RETRY_AFTER_SECONDS = 2;

/**
 * The same store, whose calls fail with `database_unavailable` while the database can't be used, so
 * that callers answer 503 and not 500. Nothing is ever "absent" or "not consumed" for that reason.
 */
export function reportOutages<Store extends object>(dialect: Dialect, store: Store): Store {
  return mapRejections(store, (err) =>
    dialect.isOutage(err) ? databaseUnavailable(err) : withoutRowData(err),
  );
}

export function databaseUnavailable(cause: unknown): LatchkeyError {
  return new LatchkeyError(
    "database_unavailable",
    "The database does not answer. Please try again.",
    {
      status: 503,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: withoutRowData(cause),
    },
  );
}

/** PostgreSQL quotes the row at fault in `detail` and `where`, and errors go to the log. */
function withoutRowData(err: unknown): unknown {
  if (err instanceof Error) {
    for (const field of ["detail", "where"]) Reflect.deleteProperty(err, field);
  }
  return err;
}
