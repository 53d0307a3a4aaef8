import { randomInt } from "node:crypto";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import { randomToken } from "../lib/random-token.js";
import { createIndexPermutation } from "./status-list-permutation.js";
import type {
  CounterBlock,
  NewStatusList,
  StatusListEntry,
  StatusListStore,
} from "./status-list-store.js";

/** A token that is about to be issued. */
export interface TokenBeingIssued extends Omit<StatusListEntry, "listId" | "index"> {
  readonly api: string;
  readonly expiresAtSeconds: number;
}

/** Where the status of a token is found: `status_list` of draft-ietf-oauth-status-list-21 §6.2. */
export interface StatusReference {
  readonly idx: number;
  readonly uri: string;
}

export interface StatusListAllocator {
  /** Resolves when the token's place is written; no other token has or gets it. */
  allocate(token: TokenBeingIssued): Promise<StatusReference>;
}

export interface StatusListAllocatorDeps {
  readonly store: StatusListStore;
  readonly issuer: string;
  readonly clock: Clock;
}

/** 2^17: 16 KiB of bits. A token hides among as many as the list has (§12.1), and a list stays small to fetch. */
const CAPACITY = 131_072;
/** 256: a node asks for counters once in so many tokens, and loses at most so many when it ends. */
const COUNTERS_AT_ONCE = 256;
/** What one statement of every database takes. */
const TOKENS_AT_ONCE = 400;
/** 1 hour: with few tokens, each of them hides among those of an hour. */
const MIN_OPEN_SECONDS = 3600;

/** The public address of a list. */
export function statusListUri(issuer: string, listId: number): string {
  return `${issuer}/status-lists/${listId}`;
}

/**
 * Gives each token of an API a place in the API's newest list. Tokens that are issued while an earlier
 * group is being written are written together, so that each waits for two round trips at most, save
 * once in `COUNTERS_AT_ONCE`.
 */
export function createStatusListAllocator(deps: StatusListAllocatorDeps): StatusListAllocator {
  const { store, issuer, clock } = deps;
  const supplies = new Map<string, Supply>();
  let waiting: Waiting[] = [];
  let isWriting = false;

  async function writeAll(): Promise<void> {
    isWriting = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, TOKENS_AT_ONCE);
      waiting = waiting.slice(TOKENS_AT_ONCE);
      await write(group);
    }
    isWriting = false;
  }

  async function write(group: readonly Waiting[]): Promise<void> {
    try {
      const entries: StatusListEntry[] = [];
      for (const { token } of group) {
        const { api: _api, expiresAtSeconds: _expires, ...facts } = token;
        entries.push({ ...facts, ...(await takePlace(token)) });
      }
      await store.add(entries);
      for (const [at, { settle }] of group.entries()) settle.resolve(referenceOf(entries[at]));
    } catch (err) {
      // Whatever was written stays unused. After an outage the database may be another one.
      supplies.clear();
      for (const { settle } of [...group, ...takeHopeless(err)]) settle.reject(err);
    }
  }

  /** In an outage those who wait behind a group would wait for as long again, for nothing. */
  function takeHopeless(err: unknown): readonly Waiting[] {
    if (!(err instanceof LatchkeyError) || err.status !== 503) return [];
    const all = waiting;
    waiting = [];
    return all;
  }

  async function takePlace(token: TokenBeingIssued): Promise<{ listId: number; index: number }> {
    const supply = await findSupply(token);
    const { id: listId, expiresAtSeconds } = supply.block;
    if (token.expiresAtSeconds > expiresAtSeconds) {
      await store.extend(listId, token.expiresAtSeconds);
      supply.block = { ...supply.block, expiresAtSeconds: token.expiresAtSeconds };
    }
    return { listId, index: supply.indexOf(supply.next++) };
  }

  async function findSupply(token: TokenBeingIssued): Promise<Supply> {
    const held = supplies.get(token.api);
    const isOpen = held !== undefined && held.block.closesAtSeconds > clock.nowSeconds();
    if (isOpen && held.next < held.block.end) return held;
    const block = await store.reserve({
      api: token.api,
      count: COUNTERS_AT_ONCE,
      next: () => newList(clock.nowSeconds(), token.expiresAtSeconds),
    });
    const indexOf =
      held?.block.id === block.id
        ? held.indexOf
        : createIndexPermutation(block.seed, block.capacity);
    const supply: Supply = { block, indexOf, next: block.first };
    supplies.set(token.api, supply);
    return supply;
  }

  function referenceOf(entry: StatusListEntry | undefined): StatusReference {
    if (entry === undefined) throw new TypeError("a token was left out of its group");
    return { idx: entry.index, uri: statusListUri(issuer, entry.listId) };
  }

  return {
    allocate(token) {
      const settle = Promise.withResolvers<StatusReference>();
      waiting.push({ token, settle });
      // Never rejects: each token is told of its own failure.
      if (!isWriting) void writeAll();
      return settle.promise;
    },
  };
}

/** Counters that this node holds. */
interface Supply {
  block: CounterBlock;
  readonly indexOf: (counter: number) => number;
  next: number;
}

interface Waiting {
  readonly token: TokenBeingIssued;
  readonly settle: PromiseWithResolvers<StatusReference>;
}

/** Open for as long as its tokens live, so that an API needs no more than three lists at a time. */
function newList(nowSeconds: number, tokenExpiresAtSeconds: number): NewStatusList {
  const tokenSeconds = Math.max(0, tokenExpiresAtSeconds - nowSeconds);
  const closesAtSeconds = nowSeconds + Math.max(MIN_OPEN_SECONDS, tokenSeconds);
  return {
    id: randomInt(1, 2 ** 48 - 1),
    seed: randomToken(),
    capacity: CAPACITY,
    closesAtSeconds,
    expiresAtSeconds: closesAtSeconds + tokenSeconds,
  };
}
