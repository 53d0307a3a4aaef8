import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../lib/clock.js";
import { createSettledRevocations, type SettledRevocations } from "./settled-revocations.js";
import type { RevokedSubject, StatusListEntry, StatusListStore } from "./status-list-store.js";

/** The bits of all lists that are INVALID, as they were at one moment. */
export interface RevokedIndices {
  /** Everything revoked before is among them. */
  readonly atMs: number;
  /** In ascending order. */
  of(listId: number): readonly number[];
}

export interface RevocationSource {
  /** Those in force. */
  list(): Promise<readonly RevokedSubject[]>;
  /** Calls back when one was added, by whichever node. */
  subscribe(listener: () => void): void;
}

export interface RevokedIndicesDeps {
  readonly store: StatusListStore;
  readonly revocations: RevocationSource;
  readonly clock: Clock;
}

/**
 * 1 s: looked at again without being told of anything, since a token may be issued in the second of
 * its revocation, and whoever tells may be interrupted.
 */
const MAX_AGE_MS = 1000;
/** Looking rests for four times as long as it took, so it takes a fifth of one connection at most. */
const REST_FACTOR = 4;
/** 10 min: so often everything is looked up anew, and lists that have ended are let go. */
const REMEMBERED_MS = 600_000;
/** Those who ask meanwhile are told of the outage at once. */
const REST_AFTER_FAILURE_MS = 1000;

/**
 * Derives from the revocations in force which tokens they concern. Nothing is marked when something is
 * revoked, so nobody can die in between. All lists are derived together, once for all who ask.
 *
 * @returns a function whose answer knows every revocation that was told of before the call.
 */
export function createRevokedIndices(deps: RevokedIndicesDeps): () => Promise<RevokedIndices> {
  const { store, revocations, clock } = deps;
  let known: RevokedIndices | undefined;
  let memory = createMemory(performance.now());
  let failure: unknown;
  let isOutdated = true;
  let dueAtMs = 0;
  let restsUntilMs = 0;
  let underWay: Promise<RevokedIndices> | undefined;
  let isReading = false;
  /** Begins after `underWay`. */
  let following: Promise<RevokedIndices> | undefined;
  revocations.subscribe(() => {
    isOutdated = true;
  });

  async function read(): Promise<RevokedIndices> {
    await rest(restsUntilMs - performance.now());
    const startedAtMs = performance.now();
    const atMs = clock.nowMs();
    isReading = true;
    // Whatever is added from here on may not be seen.
    isOutdated = false;
    try {
      if (startedAtMs - memory.sinceMs > REMEMBERED_MS) memory = createMemory(startedAtMs);
      const live = await revocations.list();
      const found = await store.findRevoked(memory.settled.pick(live, startedAtMs));
      memory.settled.note(live, startedAtMs);
      memory.indices = withFound(memory.indices, found);
      const { indices } = memory;
      known = { atMs, of: (listId) => indices.get(listId) ?? [] };
      failure = undefined;
      dueAtMs = startedAtMs + MAX_AGE_MS;
      const tookMs = performance.now() - startedAtMs;
      restsUntilMs = performance.now() + tookMs * REST_FACTOR;
      return known;
    } catch (err) {
      failure = err;
      restsUntilMs = performance.now() + REST_AFTER_FAILURE_MS;
      throw err;
    } finally {
      isReading = false;
      underWay = undefined;
    }
  }

  function begin(): Promise<RevokedIndices> {
    following = undefined;
    // Somebody else may have been quicker.
    underWay ??= read();
    return underWay;
  }

  function findGood(): RevokedIndices | undefined {
    const isGood = failure === undefined && !isOutdated;
    return isGood && performance.now() < Math.max(dueAtMs, restsUntilMs) ? known : undefined;
  }

  function joinReading(reading: Promise<RevokedIndices>): Promise<RevokedIndices> {
    if (!isReading || !isOutdated) return reading;
    following ??= reading.then(begin, begin);
    return following;
  }

  return async () => {
    if (underWay !== undefined) return joinReading(underWay);
    if (failure !== undefined && performance.now() < restsUntilMs) throw failure;
    return findGood() ?? begin();
  };
}

async function rest(ms: number): Promise<void> {
  if (ms > 0) await wait(ms);
}

/** What was found and need not be looked up again. */
interface Memory {
  readonly sinceMs: number;
  readonly settled: SettledRevocations;
  /** By list, in ascending order. */
  indices: ReadonlyMap<number, readonly number[]>;
}

function createMemory(sinceMs: number): Memory {
  return { sinceMs, settled: createSettledRevocations(), indices: new Map() };
}

/** A token that two revocations concern is there once; lists without anything new stay the same. */
function withFound(
  indices: Memory["indices"],
  found: readonly Pick<StatusListEntry, "listId" | "index">[],
): Memory["indices"] {
  const all = new Map(indices);
  for (const [listId, entries] of Map.groupBy(found, (entry) => entry.listId)) {
    const before = indices.get(listId) ?? [];
    const after = new Set([...before, ...entries.map(({ index }) => index)]);
    if (after.size > before.length)
      all.set(
        listId,
        [...after].toSorted((a, b) => a - b),
      );
  }
  return all;
}
