export interface StoredSigningKey {
  readonly kid: string;
  readonly algorithm: string;
  /** Counts the keys of one algorithm from 1; of those that may sign, the highest does. */
  readonly generation: number;
  /** The JWK as JSON, sealed (`lib/seal.ts`); private until the key is retired. */
  readonly sealedJwk: string;
  readonly createdAtSeconds: number;
  /** It signs from this second until the next generation does. */
  readonly signsFromSeconds: number;
  /** Not published from this second; undefined: as long as the schedule says (`key-schedule.ts`). */
  readonly publishedUntilSeconds: number | undefined;
}

/** Guarantees, under concurrent callers in several processes, that each call is one step. */
export interface SigningKeyStore {
  list(): Promise<StoredSigningKey[]>;
  /**
   * Of several nodes that add the same generation of an algorithm at once, one succeeds.
   * @returns whether this key was added.
   */
  insert(key: StoredSigningKey): Promise<boolean>;
  /** @returns whether there is such a key. */
  setPublishedUntil(kid: string, seconds: number): Promise<boolean>;
  /** @returns whether the key was sealed as `from` says, and now is as `to` says. */
  replaceSealed(kid: string, from: string, to: string): Promise<boolean>;
  /** Keys that sign later than this second sign from it. @returns how many there were. */
  advance(algorithm: string, signsFromSeconds: number): Promise<number>;
  /** @returns whether the key was there. */
  delete(kid: string): Promise<boolean>;
  /**
   * Deletes a key. If it was the one that signs at the successor's time, or the last, then the key of
   * the next generation signs from that time: one that is there already, or else the successor.
   * @returns whether the key was there; else nothing is done.
   */
  drop(kid: string, successor: StoredSigningKey): Promise<boolean>;
}
