/**
 * Signing keys of this server: made at first start, kept sealed in the database, and changed for new
 * ones in good order. Owns key material and when it signs; what is signed with it is the business of
 * `oidc/`. Every node knows the same keys within a second and swaps them by its clock.
 */
import type { Audit } from "../lib/audit.js";
import type { ChangeFeed } from "../lib/change-feed.js";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import type { Sealer } from "../lib/seal.js";
import { createKey } from "./create-key.js";
import { createKeyRing, type KeyRing } from "./key-ring.js";
import type { KeyTimes } from "./key-schedule.js";
import { followSigningKeys } from "./follow-signing-keys.js";
import { openKey } from "./sealed-key.js";
import type { PublicJwk, SigningAlgorithm, SigningKey } from "./signing-key.js";
import type { SigningKeyStore } from "./signing-key-store.js";

export interface SigningKeysDeps {
  readonly store: SigningKeyStore;
  readonly sealer: Sealer;
  readonly times: KeyTimes;
  /** Undefined: nobody tells of changes, so they are looked for. */
  readonly changes: ChangeFeed | undefined;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly logger: Pick<Logger, "error" | "warn">;
}

/** What the keys are at the time of each call; nobody keeps an answer. */
export interface SigningKeys {
  readonly algorithms: () => readonly SigningAlgorithm[];
  /** @throws TypeError for an algorithm without keys. */
  readonly signing: (algorithm: SigningAlgorithm) => SigningKey;
  /**
   * What whoever verifies must know, without private members: next, current and previous keys. The
   * same array for as long as nothing changes.
   */
  readonly published: () => readonly PublicJwk[];
  /** All keys as the library needs them. */
  readonly ring: () => KeyRing;
  /** Calls back whenever `ring` gives another answer, whether rows or the time made it so. */
  readonly subscribe: (listener: () => void) => void;
  /** Reads the rows again, after they were changed here. */
  readonly refresh: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Opens all keys, and makes the first one of each algorithm that has none. Of several nodes that
 * start on an empty database at once all end up with the same keys.
 *
 * @throws LatchkeyError `secret_key_mismatch` when SECRET_KEY does not open what is stored.
 */
export async function openSigningKeys(
  algorithms: readonly SigningAlgorithm[],
  deps: SigningKeysDeps,
): Promise<SigningKeys> {
  const stored = await deps.store.list();
  const missing = algorithms.filter((alg) => !stored.some((key) => key.algorithm === alg));
  await Promise.all(missing.map((alg) => addFirstKey(alg, deps)));
  const rows = missing.length === 0 ? stored : await deps.store.list();
  const foreign = rows.find((row) => openKey(row, deps.sealer) === undefined);
  if (foreign !== undefined) throw secretKeyMismatch(foreign.kid);

  const ring = createKeyRing(rows, deps);
  const listeners: (() => void)[] = [];
  const following = followSigningKeys({
    ...deps,
    read: async () => ring.replace(await deps.store.list()),
    onTick: () => {
      if (ring.hasChanged()) for (const listener of listeners) listener();
    },
  });

  return {
    algorithms: () => ring.now().current.map(({ alg }) => alg),
    signing(algorithm) {
      const key = ring.now().current.find(({ alg }) => alg === algorithm);
      if (key === undefined) throw new TypeError(`there is no signing key for ${algorithm}`);
      return key;
    },
    published: () => ring.now().published,
    ring: () => ring.now(),
    subscribe: (listener) => void listeners.push(listener),
    refresh: () => following.refresh(),
    close: () => following.close(),
  };
}

async function addFirstKey(
  algorithm: SigningAlgorithm,
  { store, sealer, clock, audit }: SigningKeysDeps,
): Promise<void> {
  const nowSeconds = clock.nowSeconds();
  const times = { createdAtSeconds: nowSeconds, signsFromSeconds: nowSeconds };
  const key = await createKey(algorithm, sealer, { generation: 1, ...times });
  const added = await store.insert(key);
  if (added) audit({ event: "key.created", outcome: "success", kid: key.kid, algorithm });
}

function secretKeyMismatch(kid: string): LatchkeyError {
  return new LatchkeyError(
    "secret_key_mismatch",
    `SECRET_KEY does not open the signing key ${kid} in the database. Start with the SECRET_KEY that it was stored under, or give that one as SECRET_KEY_PREVIOUS.`,
  );
}
