/** What the time is; whoever embeds the verifier may give another one. */
export interface VerifierClock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
}

export const systemClock: VerifierClock = { nowMs: () => Date.now() };
