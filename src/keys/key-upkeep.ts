import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { Sealer } from "../lib/seal.js";
import type { KeyTimes } from "./key-schedule.js";
import type { KeyRotation, ScheduledKey } from "./key-rotation.js";
import { openKey, sealKey } from "./sealed-key.js";
import { isSigningAlgorithm, isSigningKey, publicHalf } from "./signing-key.js";
import type { SigningKeyStore } from "./signing-key-store.js";

export interface KeyUpkeepDeps {
  readonly store: SigningKeyStore;
  readonly rotation: KeyRotation;
  /** Opens what was sealed under SECRET_KEY or SECRET_KEY_PREVIOUS. */
  readonly sealer: Sealer;
  /** Opens only what was sealed under SECRET_KEY. */
  readonly newestSealer: Sealer;
  readonly times: KeyTimes;
  /** From when a key signs until the next one does; 0: only when somebody says so. */
  readonly rotationSeconds: number;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "info" | "warn">;
}

export interface KeyUpkeep {
  /** What is due now. Every node may do it, several at once, too. */
  readonly run: () => Promise<void>;
  /** @returns how many keys were sealed under SECRET_KEY_PREVIOUS and now are under SECRET_KEY. */
  readonly reseal: () => Promise<number>;
}

/** Rotates keys that have signed long enough, and keeps of old ones only what is still of use. */
export function createKeyUpkeep(deps: KeyUpkeepDeps): KeyUpkeep {
  const { store, rotation, sealer, newestSealer, times, rotationSeconds, clock, logger } = deps;

  function isDue(keys: readonly ScheduledKey[], { algorithm, signsFromSeconds }: ScheduledKey) {
    const isUnderWay = keys.some((key) => key.algorithm === algorithm && key.state === "next");
    const publishAtSeconds = signsFromSeconds + rotationSeconds - times.publishAheadSeconds;
    return !isUnderWay && clock.nowSeconds() >= publishAtSeconds;
  }

  async function rotateDue(keys: readonly ScheduledKey[]): Promise<void> {
    if (rotationSeconds === 0) return;
    for (const key of keys) {
      if (key.state !== "current" || !isDue(keys, key)) continue;
      if (isSigningAlgorithm(key.algorithm)) await rotation.rotate(key.algorithm, "in_order");
    }
  }

  /** Nobody can sign with it any more, not even who finds both the database and SECRET_KEY. */
  async function keepPublicHalf(key: ScheduledKey): Promise<void> {
    const jwk = openKey(key, sealer);
    if (jwk === undefined || !isSigningKey(jwk)) return;
    await store.replaceSealed(key.kid, key.sealedJwk, sealKey(publicHalf(jwk), newestSealer));
  }

  async function forgetOld(keys: readonly ScheduledKey[]): Promise<void> {
    const nowSeconds = clock.nowSeconds();
    for (const key of keys.filter(({ state }) => state === "retired")) {
      if (nowSeconds >= (key.forgottenFromSeconds ?? Infinity)) await store.delete(key.kid);
      else await keepPublicHalf(key);
    }
  }

  async function reseal(): Promise<number> {
    let count = 0;
    for (const key of await store.list()) {
      if (newestSealer.open(key.sealedJwk, key.kid) !== undefined) continue;
      const jwk = openKey(key, sealer);
      if (jwk === undefined) {
        logger.warn({ kid: key.kid }, "a signing key was stored under another SECRET_KEY");
        continue;
      }
      const resealed = sealKey(jwk, newestSealer);
      if (await store.replaceSealed(key.kid, key.sealedJwk, resealed)) count++;
    }
    if (count > 0) logger.info({ count }, "signing keys are sealed under the new SECRET_KEY");
    return count;
  }

  return {
    reseal,
    async run() {
      await reseal();
      const keys = await rotation.list();
      await forgetOld(keys);
      await rotateDue(keys);
    },
  };
}
