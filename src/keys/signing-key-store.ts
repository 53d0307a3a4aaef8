export interface StoredSigningKey {
  readonly kid: string;
  readonly algorithm: string;
  /** Counts the keys of one algorithm from 1; the highest signs. */
  readonly generation: number;
  /** The private JWK as JSON, sealed (`lib/seal.ts`). */
  readonly sealedPrivateJwk: string;
  readonly createdAtSeconds: number;
}

export interface SigningKeyStore {
  list(): Promise<StoredSigningKey[]>;
  /**
   * Of several nodes that add the same generation of an algorithm at once, one succeeds.
   * @returns whether this key was added.
   */
  insert(key: StoredSigningKey): Promise<boolean>;
}
