import type { TokenSubject } from "./revocation-store.js";

/** A Token Status List (draft-ietf-oauth-status-list-21): one bit for each of its tokens. */
export interface StatusList {
  /** Random, below 2^48; part of the list's public address. */
  readonly id: number;
  /** The API whose tokens it is for. */
  readonly api: string;
  /** Number of its bits: a power of two. */
  readonly capacity: number;
}

/** A list that is to be opened. */
export interface NewStatusList extends Omit<StatusList, "api"> {
  /** Random; what the order of its indices is derived from (`status-list-permutation.ts`). */
  readonly seed: string;
  /** No further counters are given out from then on. */
  readonly closesAtSeconds: number;
  /** None of its tokens is valid for longer; then it is purged. */
  readonly expiresAtSeconds: number;
}

/** Counters of one list, which nobody else gets: `first` and up to, but without, `end`. */
export interface CounterBlock extends StatusList {
  readonly seed: string;
  readonly closesAtSeconds: number;
  /** At least so late. */
  readonly expiresAtSeconds: number;
  readonly first: number;
  readonly end: number;
}

/** What a token can be revoked by. */
export interface TokenSubjects {
  readonly jti: string;
  readonly grantId: string | undefined;
  /** Only of a token that ends with its session. */
  readonly sessionUid: string | undefined;
  readonly accountId: string | undefined;
  readonly clientId: string;
  readonly issuedAtSeconds: number;
}

/** The bit of one token, and whom the token was issued for. */
export interface StatusListEntry extends TokenSubjects {
  readonly listId: number;
  readonly index: number;
  /** The tokens that it was exchanged for: with any of them it is revoked. */
  readonly ancestors?: readonly TokenSubjects[];
}

/** Tokens that were revoked: those of this subject with an `iat` up to and including this second. */
export interface RevokedSubject {
  readonly subject: TokenSubject;
  readonly id: string;
  readonly issuedUntilSeconds: number;
}

export interface CounterRequest {
  readonly api: string;
  readonly count: number;
  /** Makes the list to open when the API has none, or its newest is full or closed. */
  readonly next: () => NewStatusList;
}

/**
 * Guarantees, under concurrent callers in several processes:
 * - no counter of a list is given out twice, whoever dies in between; those that are not used are lost;
 * - of several callers that find a list full, one opens the next;
 * - what `add` has answered is found by every later `findRevoked`, of whichever node.
 */
export interface StatusListStore {
  /** @returns at least one counter, at most `count`. */
  reserve(request: CounterRequest): Promise<CounterBlock>;
  /** Makes a list stay at least until then. */
  extend(listId: number, expiresAtSeconds: number): Promise<void>;
  /** All or none, in one step. @param entries 400 at most. */
  add(entries: readonly StatusListEntry[]): Promise<void>;
  /** @returns undefined when there is none or it has expired. */
  find(listId: number): Promise<StatusList | undefined>;
  /** The bits of all lists that these concern. */
  findRevoked(
    revoked: readonly RevokedSubject[],
  ): Promise<Pick<StatusListEntry, "listId" | "index">[]>;
  /**
   * Deletes lists that have expired, with their entries.
   * @param limit of rows deleted in one step.
   * @returns how many were deleted; fewer than `limit` when none is left.
   */
  purgeExpired(limit: number): Promise<number>;
}
