import type { AttemptRule, AttemptStep } from "./attempt-store.js";

/** What is counted by itself. */
export type AttemptKind =
  | "password"
  | "second_step"
  | "passkey"
  | "code"
  | "mail"
  | "sign_up"
  | "user_code"
  | "registration"
  | "client_authentication";

/** By what the attempts of one kind are counted; what is absent is not counted. */
export interface AttemptRules {
  /** One subject (an account, an address, a client) from one network. */
  readonly pair?: AttemptRule;
  /** One subject from wherever. */
  readonly subject?: AttemptRule;
  /** One network, at whatever subject. */
  readonly network?: AttemptRule;
  /** One account from a device that signed in to it before; then nothing else counts. */
  readonly device?: AttemptRule;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** What operators may change. */
export interface AttemptSettings {
  /** Wrong passwords for one account from one network before the first wait. */
  readonly perAccountAndNetwork: number;
  /** Wrong passwords for one account from everywhere before the first wait. */
  readonly perAccount: number;
  /** Wrong passwords from one network before the first wait; so many are forgiven in an hour. */
  readonly perNetwork: number;
}

export const DEFAULT_ATTEMPT_SETTINGS: AttemptSettings = {
  perAccountAndNetwork: 5,
  perAccount: 20,
  perNetwork: 100,
};

/**
 * 100: NIST SP 800-63B-4 §3.2.2 allows no more failures in a row for one account. From there on it is
 * one a day, for devices that are not known, until somebody signs in.
 */
const CONSECUTIVE_FAILURES = 100;

/** Waits that grow with each failure from the first on. */
function growing(first: number, ...waits: readonly number[]): AttemptStep[] {
  return waits.map((waitSeconds, index) => ({ failures: first + index, waitSeconds }));
}

export function createAttemptRules(settings: AttemptSettings): Record<AttemptKind, AttemptRules> {
  const { perAccountAndNetwork, perAccount, perNetwork } = settings;
  const guessing = growing(perAccountAndNetwork, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR);
  const last: AttemptStep = {
    failures: Math.max(CONSECUTIVE_FAILURES, perAccount + 4),
    waitSeconds: DAY,
  };
  const slowly = [...growing(perAccount, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR), last];
  return {
    password: {
      pair: { steps: guessing, forgiveSeconds: HOUR / 2 },
      subject: { steps: slowly, forgiveSeconds: DAY },
      network: {
        steps: growing(perNetwork, MINUTE, MINUTE, 5 * MINUTE, 5 * MINUTE, 15 * MINUTE),
        forgiveSeconds: Math.max(1, Math.floor(HOUR / perNetwork)),
      },
      device: {
        steps: [...growing(10, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR), last],
        forgiveSeconds: DAY,
      },
    },
    // Of the app and for recovery. Those of the app have a closer bound (`second-steps.ts`), within
    // which a recovery code still counts.
    second_step: {
      pair: { steps: growing(10, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR), forgiveSeconds: HOUR },
      subject: {
        steps: [...growing(20, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR), last],
        forgiveSeconds: DAY,
      },
      device: {
        steps: [...growing(10, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR), last],
        forgiveSeconds: DAY,
      },
    },
    // They cannot be guessed: this bounds what it costs to look.
    passkey: {
      network: { steps: growing(30, MINUTE, 5 * MINUTE), forgiveSeconds: 2 * MINUTE },
    },
    code: {
      pair: { steps: growing(10, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR), forgiveSeconds: HOUR },
      subject: { steps: growing(30, 5 * MINUTE, 15 * MINUTE, HOUR), forgiveSeconds: HOUR },
      network: { steps: growing(50, MINUTE, 5 * MINUTE, 15 * MINUTE), forgiveSeconds: MINUTE },
    },
    mail: {
      pair: { steps: growing(3, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR), forgiveSeconds: HOUR },
      subject: { steps: growing(10, 15 * MINUTE, HOUR), forgiveSeconds: HOUR },
      network: { steps: growing(30, MINUTE, 5 * MINUTE, 15 * MINUTE), forgiveSeconds: 2 * MINUTE },
    },
    sign_up: {
      network: { steps: growing(20, MINUTE, 5 * MINUTE, 15 * MINUTE), forgiveSeconds: 3 * MINUTE },
    },
    // RFC 8628 §5.1: a code of 34 bits lives for minutes.
    user_code: {
      network: {
        steps: growing(10, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR),
        forgiveSeconds: 10 * MINUTE,
      },
    },
    registration: {
      network: { steps: growing(30, MINUTE, 5 * MINUTE, 15 * MINUTE), forgiveSeconds: 2 * MINUTE },
    },
    client_authentication: {
      pair: { steps: growing(60, 10, 30, MINUTE), forgiveSeconds: 10 },
      network: { steps: growing(200, 10, 30, MINUTE), forgiveSeconds: 2 },
    },
  };
}
