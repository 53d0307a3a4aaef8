import { isDeepStrictEqual } from "node:util";
import type { ChangeFeed } from "./change-feed.js";

export interface ReadCacheOptions<Value extends object> {
  /** What the database has now, as a fresh object; undefined: not there. */
  readonly read: (key: string) => Promise<Value | undefined>;
  /** The table that `read` reads, by its primary key. */
  readonly table: string;
  /** Undefined: nobody tells of changes, so every call reads. */
  readonly changes: ChangeFeed | undefined;
  readonly maxEntries?: number;
  /** Milliseconds of a clock that is never set. */
  readonly nowMs?: () => number;
}

/**
 * Rows that are read in every request, kept until they change.
 *
 * - What is returned was true when it was asked for, or a second before at most.
 * - It is frozen, and the same object for as long as the row stays the same.
 * - Concurrent calls share one read. What was read when a change was told is not kept.
 * - Neither errors nor "not there" are kept.
 */
export interface ReadCache<Value extends object> {
  find(key: string): Promise<Value | undefined>;
  /** Reads, whatever is kept: for those who write what follows from it. */
  findLatest(key: string): Promise<Value | undefined>;
  /** Does `work`, which may change the row of this key or (undefined) any row, and forgets it. */
  write<Result>(key: string | undefined, work: () => Promise<Result>): Promise<Result>;
}

/** 5 s, though every change is told: one that a trigger does not see must not be missed for ever. */
const MAX_AGE_MS = 5_000;
/** 500 ms while the feed is interrupted: a change counts within a second even then. */
const MAX_AGE_WITHOUT_FEED_MS = 500;
/** 10,000: a few dozen megabytes with what others keep for each. */
const MAX_ENTRIES = 10_000;

/** 3 s: what is in use is read again before it is too old, and with other rows by one statement. */
const REFRESH_AGE_MS = 3_000;
const REFRESH_INTERVAL_MS = 250;
/** 1,000 at a time: about 6 ms of work, and all of 10,000 before they are too old. */
const REFRESH_AT_ONCE = 1_000;
/** 60 s: what nobody has asked for since is not in use. */
const IN_USE_MS = 60_000;

interface Entry<Value> {
  readonly value: Value;
  /** When its read began: it may be as old as that. */
  readonly readAtMs: number;
  usedAtMs: number;
}

interface RunningRead<Value> {
  readonly value: Promise<Value | undefined>;
  readonly begunAtMs: number;
}

export function createReadCache<Value extends object>({
  read,
  table,
  changes,
  maxEntries = MAX_ENTRIES,
  nowMs = () => performance.now(),
}: ReadCacheOptions<Value>): ReadCache<Value> {
  /** In the order in which they were read. */
  const entries = new Map<string, Entry<Value>>();
  /** The latest of each key; one that is not here any more is of use only to those who wait for it. */
  const reads = new Map<string, RunningRead<Value>>();
  let isRefreshing = false;

  function maxAgeMs(): number {
    if (changes === undefined) return 0;
    return changes.isCurrent() ? MAX_AGE_MS : MAX_AGE_WITHOUT_FEED_MS;
  }

  function start(key: string, usedAtMs: number): Promise<Value | undefined> {
    const begunAtMs = nowMs();
    const value = read(key).then(
      (found) => {
        if (reads.get(key) !== running) return deepFreeze(found);
        reads.delete(key);
        return keep(key, found, { readAtMs: begunAtMs, usedAtMs });
      },
      (err: unknown) => {
        if (reads.get(key) === running) reads.delete(key);
        throw err;
      },
    );
    const running = { value, begunAtMs };
    reads.set(key, running);
    return value;
  }

  function keep(
    key: string,
    found: Value | undefined,
    times: Omit<Entry<Value>, "value">,
  ): Value | undefined {
    const known = entries.get(key)?.value;
    entries.delete(key);
    if (found === undefined) return undefined;
    const isSame = known !== undefined && isDeepStrictEqual(found, known);
    const value = isSame ? known : deepFreeze(found);
    entries.set(key, { value, ...times });
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries) break;
      entries.delete(oldest);
    }
    refreshLater();
    return value;
  }

  function refreshLater(): void {
    if (isRefreshing || changes === undefined) return;
    isRefreshing = true;
    setTimeout(refresh, REFRESH_INTERVAL_MS).unref();
  }

  function refresh(): void {
    isRefreshing = false;
    const now = nowMs();
    const due: string[] = [];
    for (const [key, entry] of entries) {
      if (now - entry.usedAtMs > IN_USE_MS) continue;
      refreshLater();
      if (now - entry.readAtMs < REFRESH_AGE_MS || due.length >= REFRESH_AT_ONCE) break;
      due.push(key);
    }
    if (maxAgeMs() < MAX_AGE_MS) return;
    for (const key of due) {
      // Whoever asks for the row next reads it, and is told why that fails.
      if (!reads.has(key)) start(key, entries.get(key)?.usedAtMs ?? now).catch(() => {});
    }
  }

  function forget(key: string | undefined): void {
    if (key === undefined) {
      entries.clear();
      reads.clear();
    } else {
      entries.delete(key);
      reads.delete(key);
    }
  }

  changes?.subscribe({
    changed: (change) => {
      if (change.table === table) forget(change.key);
    },
    missed: () => forget(undefined),
  });

  return {
    find(key) {
      const now = nowMs();
      const limitMs = maxAgeMs();
      const entry = entries.get(key);
      if (entry !== undefined && now - entry.readAtMs < limitMs) {
        entry.usedAtMs = now;
        return Promise.resolve(entry.value);
      }
      const running = reads.get(key);
      // The same bound whatever the feed: nobody tells of rows that are new.
      const sharedMs = Math.min(limitMs, MAX_AGE_WITHOUT_FEED_MS);
      if (running !== undefined && now - running.begunAtMs < sharedMs) return running.value;
      return start(key, now);
    },

    findLatest: (key) => start(key, nowMs()),

    async write(key, work) {
      try {
        return await work();
      } finally {
        // Also when it failed: it may have been done, and the answer lost.
        forget(key);
      }
    },
  };
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
