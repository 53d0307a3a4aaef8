/**
 * Who has to wait before the next attempt. A secret is looked at only once its attempt was counted,
 * so that attempts at the same time, at whichever nodes, are no way around. Owns what is counted by
 * what; counting itself is the store's, and the answer the caller's.
 */
import type { Audit } from "../lib/audit.js";
import { networkOf } from "../lib/network-of.js";
import type { Mac } from "../lib/seal.js";
import type { AttemptKind, AttemptRules } from "./attempt-rules.js";
import type { AttemptBucket, AttemptRule, AttemptStore } from "./attempt-store.js";

/** From where an attempt comes. */
export interface AttemptSource {
  readonly ip: string;
  readonly requestId?: string | undefined;
  readonly clientId?: string | undefined;
}

export interface Attempt {
  readonly from: AttemptSource;
  /** Whose secret is tried: the id of an account, an address, a client id. */
  readonly subject?: string | undefined;
  /**
   * How it was called by whoever tries, normalized; the subject unless told. The pair of name and
   * network counts by it: else, one name of an account would tell by its wait of the other.
   */
  readonly name?: string | undefined;
  /** Undefined when there is none. */
  readonly accountId?: string | undefined;
  /** Of one that signed in to this very account before. */
  readonly deviceId?: string | undefined;
}

export type BegunAttempt =
  | { readonly isAllowed: false; readonly retryAfterSeconds: number }
  | {
      readonly isAllowed: true;
      /** The secret was right: what failed before counts no more, save for the network. */
      succeeded(): Promise<void>;
      /** Nothing was looked at. */
      withdraw(): Promise<void>;
    };

export interface AttemptLimits {
  /** Counts an attempt as failed, until told otherwise. Call it before the secret is looked at. */
  begin(kind: AttemptKind, attempt: Attempt): Promise<BegunAttempt>;
  /**
   * Counts what has failed, for secrets that nobody can guess: whoever has the right one never waits.
   *
   * @returns after how many seconds the next failure is looked at, 0 for at once.
   */
  failed(kind: AttemptKind, attempt: Attempt): Promise<number>;
  /** How many seconds the next attempt would have to wait now, 0 for none. Counts nothing. */
  findWait(kind: AttemptKind, attempt: Attempt): Promise<number>;
  /** Forgets what was counted for these names of one subject, from wherever. */
  forget(names: readonly string[]): Promise<void>;
}

export interface AttemptLimitsDeps {
  readonly store: AttemptStore;
  readonly rules: Readonly<Record<AttemptKind, AttemptRules>>;
  /** What is stored names neither people nor addresses. */
  readonly mac: Mac;
  readonly audit: Audit;
  /** Strangers failed so often that they have to wait; told once a day for each account. */
  readonly onManyFailures?: ((accountId: string) => void) | undefined;
}

type BucketName = keyof AttemptRules;

interface NamedBucket extends AttemptBucket {
  readonly by: BucketName;
}

/** Once a day. */
const TOLD: AttemptRule = {
  steps: [{ failures: 1, waitSeconds: 86_400 }],
  forgiveSeconds: 86_400,
};

export function createAttemptLimits(deps: AttemptLimitsDeps): AttemptLimits {
  const { store, rules, mac, audit, onManyFailures } = deps;

  const subjectKey = (kind: string, name: string) => mac.sign(`${kind} ${name}`);

  function bucketsOf(kind: AttemptKind, attempt: Attempt): NamedBucket[] {
    const { pair, subject, network, device } = rules[kind];
    const { subject: of = "", name = of, deviceId } = attempt;
    const place = mac.sign(networkOf(attempt.from.ip));
    if (deviceId !== undefined && device !== undefined) {
      return [
        {
          by: "device",
          rule: device,
          subject: subjectKey(kind, of),
          source: `device ${mac.sign(deviceId)}`,
        },
      ];
    }
    const buckets: NamedBucket[] = [];
    if (pair !== undefined && of !== "") {
      const key = subjectKey(kind, `name ${name}`);
      buckets.push({ by: "pair", rule: pair, subject: key, source: place });
    }
    if (subject !== undefined && of !== "") {
      const key = subjectKey(kind, of);
      buckets.push({ by: "subject", rule: subject, subject: key, source: "" });
    }
    if (network !== undefined) {
      const key = subjectKey(kind, `network ${place}`);
      buckets.push({ by: "network", rule: network, subject: key, source: "" });
    }
    return buckets;
  }

  async function tellOfManyFailures(accountId: string): Promise<void> {
    const subject = subjectKey("told", accountId);
    const { isCounted } = await store.countAll([{ subject, source: "", rule: TOLD }]);
    if (isCounted) onManyFailures?.(accountId);
  }

  /** Who has to wait from now on. */
  async function tell(kind: AttemptKind, attempt: Attempt, waits: ReadonlyMap<BucketName, number>) {
    const { accountId, from } = attempt;
    const who = { accountId, clientId: from.clientId, ip: from.ip, requestId: from.requestId };
    for (const [by, waitSeconds] of waits) {
      audit({ event: "attempts.limited", outcome: "failure", kind, by, waitSeconds, ...who });
    }
    if (waits.has("subject") && accountId !== undefined) await tellOfManyFailures(accountId);
  }

  async function begin(kind: AttemptKind, attempt: Attempt): Promise<BegunAttempt> {
    const buckets = bucketsOf(kind, attempt);
    const count = await store.countAll(buckets);
    if (!count.isCounted) return { isAllowed: false, retryAfterSeconds: count.waitSeconds };
    const waits = buckets.map(({ by }, index) => [by, count.waits[index] ?? 0] as const);
    await tell(kind, attempt, new Map(waits.filter(([, waitSeconds]) => waitSeconds > 0)));
    const ofNetwork = buckets.filter(({ by }) => by === "network");
    const ofOthers = buckets.filter(({ by }) => by !== "network");
    return {
      isAllowed: true,
      succeeded: () => store.settle({ forget: ofOthers, takeBack: ofNetwork }),
      withdraw: () => store.settle({ takeBack: buckets }),
    };
  }

  return {
    begin,
    async failed(kind, attempt) {
      const begun = await begin(kind, attempt);
      return begun.isAllowed ? 0 : begun.retryAfterSeconds;
    },
    findWait: (kind, attempt) => store.findWait(bucketsOf(kind, attempt)),
    async forget(names) {
      const kinds = ["password", "second_step", "code", "mail", "told"];
      const keys = names.flatMap((name) =>
        kinds.flatMap((kind) => [subjectKey(kind, name), subjectKey(kind, `name ${name}`)]),
      );
      await Promise.all(keys.map((subject) => store.forget(subject)));
    },
  };
}
