/** How proofs of possession are checked (RFC 9449). */
export interface DpopOptions {
  /**
   * Where clients see this API, for `htu`: scheme, host and what a proxy takes away of the path. The
   * origin of the first audience unless given. Never taken from the request: whoever has a proof for
   * another host could name it.
   */
  readonly publicUrl?: string;
  /** ES256 and EdDSA unless given. */
  readonly algorithms?: readonly DpopAlgorithm[];
  /** How old a proof may be: 60 s unless given. */
  readonly proofMaxAgeSeconds?: number;
  /** Shared by the nodes of an API, so that a proof counts once for all; in memory unless given. */
  readonly replayStore?: DpopReplayStore;
  /** Nonces that proofs have to carry (RFC 9449 §9); none unless given. */
  readonly nonces?: DpopNonces;
}

export type DpopAlgorithm = "ES256" | "ES384" | "ES512" | "PS256" | "RS256" | "EdDSA" | "Ed25519";

/** Remembers the proofs that were used. */
export interface DpopReplayStore {
  /**
   * Of any number of calls with the same id before its end exactly one gets true, on whatever node.
   *
   * @throws when it cannot say: then the request is answered with 503.
   */
  useOnce(id: string, expiresAtMs: number): boolean | Promise<boolean>;
}

/** Nonces of the API; the same on all of its nodes. */
export interface DpopNonces {
  /** What clients are told to use from now on. */
  current(): string;
  isValid(nonce: string): boolean;
}
