import type { Audit } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import type { Sealer } from "../lib/seal.js";
import { createKey } from "./create-key.js";
import { scheduleKeys, type KeySchedule, type KeyTimes } from "./key-schedule.js";
import { isSigningAlgorithm, type SigningAlgorithm } from "./signing-key.js";
import type { SigningKeyStore, StoredSigningKey } from "./signing-key-store.js";

export type ScheduledKey = StoredSigningKey & KeySchedule;

export interface KeyRotationDeps {
  readonly store: SigningKeyStore;
  readonly sealer: Sealer;
  readonly times: KeyTimes;
  readonly clock: Clock;
  readonly audit: Audit;
  /** Makes this process know at once what it wrote; the others are told. */
  readonly refresh: () => Promise<void>;
}

export interface Rotation {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly signsFromSeconds: number;
  /** False: it was under way already. */
  readonly begun: boolean;
}

/** What changes keys. Every node and every command may do it at any time, several at once, too. */
export interface KeyRotation {
  readonly list: () => Promise<ScheduledKey[]>;
  /**
   * Publishes a new key, which signs when whoever verifies has had time to learn it; or goes on with
   * the rotation that is under way.
   * @param pace `now`: it signs as soon as all nodes know it, which caches of the JWKS may not.
   */
  readonly rotate: (algorithm: SigningAlgorithm, pace: "in_order" | "now") => Promise<Rotation>;
  /** Stops publishing a previous key before its time. @throws LatchkeyError `not_found`, `key_in_use` */
  readonly retire: (kid: string) => Promise<void>;
  /** Forgets a key that somebody else may have; another signs at once. @throws LatchkeyError `not_found` */
  readonly drop: (kid: string) => Promise<void>;
}

/** 2 s: nodes know a new key within one. */
const NODES_FOLLOW_SECONDS = 2;

export function createKeyRotation(deps: KeyRotationDeps): KeyRotation {
  const { store, sealer, times, clock, audit, refresh } = deps;

  const list = async () => scheduleKeys(await store.list(), times, clock.nowSeconds());

  async function require(kid: string): Promise<ScheduledKey & { algorithm: SigningAlgorithm }> {
    const found = (await list()).find((key) => key.kid === kid);
    if (found === undefined || !isSigningAlgorithm(found.algorithm)) {
      throw new LatchkeyError("not_found", `There is no signing key "${kid}".`, { status: 404 });
    }
    return { ...found, algorithm: found.algorithm };
  }

  async function addNext(
    algorithm: SigningAlgorithm,
    last: number,
    signsFromSeconds: number,
  ): Promise<boolean> {
    const createdAtSeconds = clock.nowSeconds();
    const generation = last + 1;
    const key = await createKey(algorithm, sealer, {
      generation,
      createdAtSeconds,
      signsFromSeconds,
    });
    const added = await store.insert(key);
    const { kid } = key;
    if (added)
      audit({ event: "key.created", outcome: "success", kid, algorithm, signsFromSeconds });
    return added;
  }

  return {
    list,

    async rotate(algorithm, pace) {
      const aheadSeconds = pace === "now" ? NODES_FOLLOW_SECONDS : times.publishAheadSeconds;
      const signsFromSeconds = clock.nowSeconds() + aheadSeconds;
      const keys = (await list()).filter((key) => key.algorithm === algorithm);
      const isUnderWay = keys.some(({ state }) => state === "next");
      const last = keys.at(-1)?.generation ?? 0;
      const begun = !isUnderWay && (await addNext(algorithm, last, signsFromSeconds));
      if (!begun && pace === "now") await store.advance(algorithm, signsFromSeconds);
      await refresh();
      const next = (await list()).findLast((key) => key.algorithm === algorithm);
      if (next === undefined) throw new TypeError(`the keys for ${algorithm} are gone`);
      return { kid: next.kid, algorithm, signsFromSeconds: next.signsFromSeconds, begun };
    },

    async retire(kid) {
      const { state, algorithm } = await require(kid);
      if (state === "current" || state === "next") {
        const way = state === "current" ? "rotate first, or drop it" : "drop it";
        const message = `The key "${kid}" is the ${state} one for ${algorithm}: ${way}.`;
        throw new LatchkeyError("key_in_use", message, { status: 409 });
      }
      if (state === "previous") await store.setPublishedUntil(kid, clock.nowSeconds());
      audit({ event: "key.retired", outcome: "success", kid, algorithm });
      await refresh();
    },

    async drop(kid) {
      const { algorithm, generation } = await require(kid);
      const nowSeconds = clock.nowSeconds();
      const successor = await createKey(algorithm, sealer, {
        generation: generation + 1,
        createdAtSeconds: nowSeconds,
        signsFromSeconds: nowSeconds,
      });
      await store.drop(kid, successor);
      audit({ event: "key.dropped", outcome: "success", kid, algorithm });
      await refresh();
    },
  };
}
