import type { ChangeFeed } from "../lib/change-feed.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import {
  REVOCATION_SUBJECTS,
  type Revocation,
  type RevocationStore,
  type Revoked,
} from "./revocation-store.js";

/**
 * All live revocations in memory, as this node was told of them. Two of one subject are one with the
 * later of each time, so that it does not matter in which order, or how often, one is told.
 */
export interface RevocationMirror {
  /** Whether it holds all that was acknowledged a second ago. While it is false it knows nothing. */
  isCurrent(): boolean;
  find(revoked: Revoked): Revocation | undefined;
  list(): Revocation[];
  /** Of this node's own doing. */
  add(revocations: readonly Revocation[]): void;
  close(): void;
}

export interface RevocationMirrorDeps {
  readonly store: Pick<RevocationStore, "list">;
  readonly changes: ChangeFeed;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
  /** Is told after something was added. */
  readonly onAdded: () => void;
  readonly maxRecords?: number;
}

/** 200,000: about 40 MB. Beyond that each check asks the store, until most have expired. */
const MAX_MIRRORED = 200_000;
/** 60 s: sweeping 100,000 takes some milliseconds, and expired ones are not found anyway. */
const SWEEP_INTERVAL_MS = 60_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
const TABLE = "revocation";

export function createRevocationMirror({
  store,
  changes,
  clock,
  logger,
  onAdded,
  maxRecords = MAX_MIRRORED,
}: RevocationMirrorDeps): RevocationMirror {
  /** Undefined while it is not known to be complete. */
  let records: Map<string, Revocation> | undefined;
  /** What came in since the load under way began: the list that it reads may not have it. */
  let arrived: Revocation[] = [];
  /** Each begins a new load; what an earlier one brings is of no use any more. */
  let generation = 0;
  let retry: NodeJS.Timeout | undefined;
  let sweptAtMs = clock.nowMs();

  function reload(waitMs = 0): void {
    generation++;
    records = undefined;
    arrived = [];
    clearTimeout(retry);
    if (waitMs === 0) void load(generation, FIRST_RETRY_MS);
    else retryIn(waitMs, generation, FIRST_RETRY_MS);
  }

  function retryIn(waitMs: number, mine: number, nextWaitMs: number): void {
    retry = setTimeout(() => void load(mine, nextWaitMs), waitMs);
    retry.unref();
  }

  /** Never rejects. */
  async function load(mine: number, waitMs: number): Promise<void> {
    let listed: readonly Revocation[];
    try {
      listed = await store.list(maxRecords + 1);
    } catch (err) {
      if (mine !== generation) return;
      if (waitMs === FIRST_RETRY_MS) {
        logger.warn({ err }, "revocations could not be read: each check asks the database");
      }
      retryIn(waitMs, mine, Math.min(2 * waitMs, LAST_RETRY_MS));
      return;
    }
    if (mine !== generation) return;
    const loaded = new Map<string, Revocation>();
    for (const each of listed) merge(loaded, each);
    for (const each of arrived) merge(loaded, each);
    arrived = [];
    keep(loaded);
    onAdded();
  }

  /** More than it may hold, it holds none; all will be read again when some of them have expired. */
  function keep(next: Map<string, Revocation>): void {
    if (next.size <= maxRecords) {
      records = next;
      return;
    }
    logger.warn({ maxRecords }, "too many revocations to keep: each check asks the database");
    reload(SWEEP_INTERVAL_MS);
  }

  function add(revocations: readonly Revocation[]): void {
    if (records === undefined) {
      arrived.push(...revocations);
      // The load under way is not wanted any more, or it will bring them by itself.
      if (arrived.length > maxRecords) reload(SWEEP_INTERVAL_MS);
    } else {
      for (const each of revocations) merge(records, each);
      sweep(records);
      keep(records);
    }
    onAdded();
  }

  function sweep(kept: Map<string, Revocation>): void {
    if (clock.nowMs() - sweptAtMs < SWEEP_INTERVAL_MS) return;
    sweptAtMs = clock.nowMs();
    const now = clock.nowSeconds();
    for (const [key, { expiresAtSeconds }] of kept) {
      if (expiresAtSeconds <= now) kept.delete(key);
    }
  }

  changes.subscribe({
    changed({ table, key }) {
      if (table !== TABLE) return;
      const told = key === undefined ? undefined : parseRevocation(key);
      if (told === undefined) reload();
      else if (told !== "of a newer version") add([told]);
    },
    missed: () => reload(),
  });
  // Only now: what is added from here on is told, or the feed will say that it was missed.
  reload();

  return {
    // The feed first: it may tell by the way that something was missed.
    isCurrent: () => changes.isCurrent() && records !== undefined,
    find({ subject, id }) {
      const found = records?.get(keyOf(subject, id));
      return found !== undefined && found.expiresAtSeconds > clock.nowSeconds() ? found : undefined;
    },
    list() {
      const now = clock.nowSeconds();
      return [...(records?.values() ?? [])].filter((each) => each.expiresAtSeconds > now);
    },
    add,
    close() {
      generation++;
      clearTimeout(retry);
    },
  };
}

function merge(records: Map<string, Revocation>, added: Revocation): void {
  const key = keyOf(added.subject, added.id);
  const known = records.get(key);
  const { subject, id, issuedUntilSeconds, expiresAtSeconds } = added;
  records.set(key, {
    subject,
    id,
    issuedUntilSeconds: Math.max(issuedUntilSeconds, known?.issuedUntilSeconds ?? 0),
    expiresAtSeconds: Math.max(expiresAtSeconds, known?.expiresAtSeconds ?? 0),
  });
}

function keyOf(subject: string, id: string): string {
  return `${subject} ${id}`;
}

/** A row as migration 0005 tells it. @returns undefined for anything else. */
function parseRevocation(json: string): Revocation | "of a newer version" | undefined {
  let row: unknown;
  try {
    row = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!Array.isArray(row)) return undefined;
  const [name, id, issuedUntilSeconds, expiresAtSeconds]: unknown[] = row;
  if (
    typeof name !== "string" ||
    typeof id !== "string" ||
    typeof issuedUntilSeconds !== "number" ||
    typeof expiresAtSeconds !== "number"
  ) {
    return undefined;
  }
  const subject = REVOCATION_SUBJECTS.find((known) => known === name);
  if (subject === undefined) return "of a newer version";
  return { subject, id, issuedUntilSeconds, expiresAtSeconds };
}
