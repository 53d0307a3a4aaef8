import type { RevokedSubject } from "./status-list-store.js";

/**
 * 60 s: far longer than a token takes from its `iat` until its entry is written, and than clocks of
 * nodes are apart. A revocation that was looked up so long after it was first seen concerns nothing
 * that is written later.
 */
const SETTLES_AFTER_MS = 60_000;

/** Which revocations have been looked up for the last time, so that each look costs what is new. */
export interface SettledRevocations {
  /** Those that have to be looked up (again). */
  pick(live: readonly RevokedSubject[], nowMs: number): RevokedSubject[];
  /** Takes note of a look that succeeded, and forgets those that are in force no longer. */
  note(live: readonly RevokedSubject[], nowMs: number): void;
}

export function createSettledRevocations(): SettledRevocations {
  let seen: ReadonlyMap<string, Seen> = new Map();

  function findSeen(revoked: RevokedSubject): Seen | undefined {
    const known = seen.get(keyOf(revoked));
    return known?.issuedUntilSeconds === revoked.issuedUntilSeconds ? known : undefined;
  }

  return {
    pick: (live, nowMs) =>
      live.filter((revoked) => nowMs < (findSeen(revoked)?.settlesAtMs ?? Infinity)),
    note(live, nowMs) {
      seen = new Map(
        live.map((revoked) => {
          const { issuedUntilSeconds } = revoked;
          const first = { issuedUntilSeconds, settlesAtMs: nowMs + SETTLES_AFTER_MS };
          return [keyOf(revoked), findSeen(revoked) ?? first];
        }),
      );
    },
  };
}

interface Seen {
  /** A later one of the same subject is another revocation. */
  readonly issuedUntilSeconds: number;
  readonly settlesAtMs: number;
}

function keyOf({ subject, id }: RevokedSubject): string {
  return `${subject} ${id}`;
}
