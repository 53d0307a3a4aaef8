import { LatchkeyError } from "../lib/errors.js";
import { mapRejections } from "../lib/map-rejections.js";
import { codeOf } from "./dialect.js";
import { CommandRefusedError } from "./limit-redis-commands.js";

/** 2 s: a connection that was lost is back within about a second of Redis itself. */
const RETRY_AFTER_SECONDS = 2;

/**
 * The same store, whose calls fail with `redis_unavailable` while Redis can't be used, so that callers
 * answer 503 and not 500. Nothing is ever "absent" or "not consumed" for that reason. A call that
 * failed so may have been carried out all the same.
 */
export function reportRedisOutages<Store extends object>(store: Store): Store {
  return mapRejections(store, (err) =>
    isRedisOutage(err) ? redisUnavailable(err) : withoutData(err),
  );
}

export function redisUnavailable(cause: unknown): LatchkeyError {
  return new LatchkeyError(
    "redis_unavailable",
    "The session store does not answer. Please try again.",
    { status: 503, retryAfterSeconds: RETRY_AFTER_SECONDS, cause: withoutData(cause) },
  );
}

/** Whether the same command may succeed later. */
export function isRedisOutage(err: unknown): boolean {
  if (err instanceof CommandRefusedError) return true;
  if (!(err instanceof Error)) return false;
  return (
    OUTAGE_REPLIES.test(err.message) ||
    OUTAGE_CODES.test(codeOf(err)) ||
    OUTAGE_NAMES.has(err.name) ||
    OUTAGE_MESSAGES.test(err.message)
  );
}

/**
 * What Redis answers while it is a replica, out of memory, loading, cut off from its master, without
 * a majority, unable to save, without the replicas it wants, busy with a script, full of connections
 * or given another password. Redis 6 puts the reason of a script behind its own words.
 */
const OUTAGE_REPLIES =
  /^(?:ERR Error running script .*?-)?(?:READONLY|OOM|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MISCONF|NOREPLICAS|BUSY|NOAUTH|WRONGPASS|MOVED|ASK|ERR max number of clients)\b/;

/** Errors of sockets, name resolution and TLS. */
const OUTAGE_CODES =
  /^(?:E(?:CONN|HOST|NET|ADDR)[A-Z]+|ETIMEDOUT|EPIPE|EPROTO|ENOTFOUND|EAI_AGAIN|ERR_(?:TLS|SSL)_.*|CERT_.*|UNABLE_TO_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*)$/;

/** Of the library. */
const OUTAGE_NAMES = new Set(["AbortError", "ClusterAllFailedError", "MaxRetriesPerRequestError"]);
const OUTAGE_MESSAGES =
  /^(?:Command timed out|Connection is closed|None of startup nodes is available|Too many Cluster redirections|All sentinels are unreachable|Stream isn't writeable|Cluster isn't ready)/;

/** Its classes; they carry commands, and buffers of what was received. */
const LIBRARY_ERRORS =
  /^(?:Redis|Reply|Parser|Abort|Interrupt|ClusterAllFailed|MaxRetriesPerRequest)Error$/;

/**
 * The library hangs each command with its keys and values on the error (the password, where that was
 * the command), and Redis quotes arguments in a few messages; errors go to the log.
 */
export function withoutData<Err>(err: Err): Err | Error {
  if (!(err instanceof Error) || !LIBRARY_ERRORS.test(err.name)) return err;
  const clean = new Error(err.message.replaceAll(/'[^']*'|"[^"]*"/g, "'…'"));
  clean.name = err.name;
  return clean;
}
