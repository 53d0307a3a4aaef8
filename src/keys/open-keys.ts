import type { Sealer } from "../lib/seal.js";
import { createKeyRotation, type KeyRotation } from "./key-rotation.js";
import { createKeyUpkeep, type KeyUpkeep } from "./key-upkeep.js";
import type { SigningAlgorithm } from "./signing-key.js";
import { openSigningKeys, type SigningKeys, type SigningKeysDeps } from "./signing-keys.js";
import type { Logger } from "../lib/logger.js";

export interface KeysDeps extends SigningKeysDeps {
  /** Opens only what was sealed under SECRET_KEY. */
  readonly newestSealer: Sealer;
  /** From when a key signs until the next one does; 0: only when somebody says so. */
  readonly rotationSeconds: number;
  readonly logger: Logger;
}

export interface Keys {
  readonly signingKeys: SigningKeys;
  readonly keyRotation: KeyRotation;
  readonly keyUpkeep: KeyUpkeep;
}

/** What signs, what changes that, and what is due from time to time. @throws as `openSigningKeys` */
export async function openKeys(
  algorithms: readonly SigningAlgorithm[],
  deps: KeysDeps,
): Promise<Keys> {
  const signingKeys = await openSigningKeys(algorithms, deps);
  const keyRotation = createKeyRotation({ ...deps, refresh: signingKeys.refresh });
  return {
    signingKeys,
    keyRotation,
    keyUpkeep: createKeyUpkeep({ ...deps, rotation: keyRotation }),
  };
}
