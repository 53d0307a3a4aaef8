import type { Sealer } from "../lib/seal.js";
import { sealKey } from "./sealed-key.js";
import { generateSigningKey, type SigningAlgorithm } from "./signing-key.js";
import type { StoredSigningKey } from "./signing-key-store.js";

export interface NewKeyTimes {
  readonly createdAtSeconds: number;
  readonly signsFromSeconds: number;
}

/** Makes a key that nobody has stored yet. */
export async function createKey(
  algorithm: SigningAlgorithm,
  sealer: Sealer,
  { generation, ...times }: NewKeyTimes & { readonly generation: number },
): Promise<StoredSigningKey> {
  const key = await generateSigningKey(algorithm);
  return {
    kid: key.kid,
    algorithm,
    generation,
    sealedJwk: sealKey(key, sealer),
    publishedUntilSeconds: undefined,
    ...times,
  };
}
