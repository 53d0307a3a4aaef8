import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { Sealer } from "../lib/seal.js";
import { scheduleKeys, type KeySchedule, type KeyTimes } from "./key-schedule.js";
import { openKey } from "./sealed-key.js";
import { isSigningKey, publicHalf, type PublicJwk, type SigningKey } from "./signing-key.js";
import type { StoredSigningKey } from "./signing-key-store.js";

/** The keys of one moment. */
export interface KeyRing {
  /** One of each algorithm. */
  readonly current: readonly SigningKey[];
  /** Public halves of current, next and previous keys. */
  readonly published: readonly PublicJwk[];
  /** Public halves of all that are not current: those verify, and cannot sign. */
  readonly others: readonly PublicJwk[];
}

export interface ChangingKeyRing {
  /** The same object for as long as neither rows nor the time change it. */
  now(): KeyRing;
  replace(rows: readonly StoredSigningKey[]): void;
  /** Whether `now` gives another object than when this was asked last. */
  hasChanged(): boolean;
}

export interface KeyRingDeps {
  readonly sealer: Sealer;
  readonly times: KeyTimes;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "error">;
}

interface OpenKey extends StoredSigningKey {
  readonly jwk: PublicJwk;
  readonly publicJwk: PublicJwk;
}

/** Computes which key does what, from the rows that were read last and the time. */
export function createKeyRing(
  initial: readonly StoredSigningKey[],
  { sealer, times, clock, logger }: KeyRingDeps,
): ChangingKeyRing {
  /** Kept, so that whoever prepares a key for use does so once. */
  const opened = new Map<string, Pick<OpenKey, "jwk" | "publicJwk">>();
  const unusable = new Set<string>();
  let keys: OpenKey[] = [];
  let fingerprint = "";
  let ring: KeyRing | undefined;
  let ringSeconds = 0;
  let ringStates = "";
  let told: KeyRing | undefined;

  function open(row: StoredSigningKey): OpenKey[] {
    const known = opened.get(row.kid);
    if (known !== undefined) return [{ ...row, ...known }];
    const jwk = openKey(row, sealer);
    if (jwk === undefined) {
      if (!unusable.has(row.kid)) {
        logger.error({ kid: row.kid }, "a signing key was stored under another SECRET_KEY");
      }
      unusable.add(row.kid);
      return [];
    }
    const both = { jwk, publicJwk: publicHalf(jwk) };
    opened.set(row.kid, both);
    return [{ ...row, ...both }];
  }

  function replace(rows: readonly StoredSigningKey[]): void {
    const found = JSON.stringify(rows);
    if (found === fingerprint) return;
    fingerprint = found;
    for (const kid of opened.keys()) if (!rows.some((row) => row.kid === kid)) opened.delete(kid);
    keys = rows.flatMap(open);
    ring = undefined;
  }

  function now(): KeyRing {
    const nowSeconds = clock.nowSeconds();
    if (ring !== undefined && nowSeconds === ringSeconds) return ring;
    const scheduled = scheduleKeys(keys, times, nowSeconds);
    const states = scheduled.map(({ kid, state }) => `${kid} ${state}`).join();
    if (ring === undefined || states !== ringStates) ring = arrange(scheduled);
    ringSeconds = nowSeconds;
    ringStates = states;
    return ring;
  }

  replace(initial);
  told = now();

  return {
    now,
    replace,
    hasChanged() {
      const before = told;
      told = now();
      return before !== told;
    },
  };
}

/** Current keys first: who looks for a key of an algorithm finds that one. */
function arrange(keys: readonly (OpenKey & KeySchedule)[]): KeyRing {
  const current = keys.filter(({ state }) => state === "current");
  const others = keys.filter(({ state }) => state !== "current");
  return {
    current: current.map(({ jwk }) => jwk).filter(isSigningKey),
    published: [...current, ...others.filter(({ state }) => state !== "retired")].map(
      ({ publicJwk }) => publicJwk,
    ),
    others: others.map(({ publicJwk }) => publicJwk),
  };
}
