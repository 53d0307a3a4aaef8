import type { VerifierClock } from "./clock.js";
import type { DpopReplayStore } from "./dpop-options.js";

/** 100,000: about 15 MB, and 1,400 requests a second at proofs that live 70 s. */
const MAX_ENTRIES = 100_000;

/**
 * For an API of one process. It forgets nothing before its time: when it is full it throws, for a
 * proof that it cannot remember could be used again.
 */
export function createMemoryReplayStore(
  clock: VerifierClock,
  maxEntries = MAX_ENTRIES,
): DpopReplayStore {
  const used = new Map<string, number>();

  /** Entries come in the order of their time, nearly: one that is late hides those behind it for a while only. */
  function forgetExpired(nowMs: number): void {
    for (const [id, expiresAtMs] of used) {
      if (expiresAtMs > nowMs) break;
      used.delete(id);
    }
  }

  return {
    useOnce(id, expiresAtMs) {
      const nowMs = clock.nowMs();
      forgetExpired(nowMs);
      const before = used.get(id);
      if (before !== undefined && before > nowMs) return false;
      if (used.size >= maxEntries) throw new Error(`${maxEntries} DPoP proofs are remembered`);
      used.delete(id);
      used.set(id, expiresAtMs);
      return true;
    },
  };
}
