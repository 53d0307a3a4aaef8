import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../lib/clock.js";
import type { Sealer } from "../lib/seal.js";
import type { Account, AccountId } from "./account.js";
import { createRecoveryCodes, hashRecoveryCode, parseRecoveryCode } from "./recovery-codes.js";
import type { RecoveryCodeRecord, SecondStepRecord, SecondStepStore } from "./second-step-store.js";
import { createTotpSecret, findTotpStep, totpUri } from "./totp.js";

/** What an account has to prove itself with beside a password; the codes themselves never leave. */
export interface SecondStepStatus {
  readonly createdAtSeconds: number;
  readonly recoveryCodes: { readonly total: number; readonly used: number };
}

export interface NewSecret {
  /** In base32. */
  readonly secret: string;
  readonly uri: string;
}

export type CodeResult =
  /** `left`: unused recovery codes, after one of them was used. */
  | { readonly outcome: "verified"; readonly by: "totp" }
  | { readonly outcome: "verified"; readonly by: "recovery_code"; readonly left: number }
  | { readonly outcome: "refused"; readonly reason: "wrong_code" | "none" }
  /** Too many wrong codes of the app; a recovery code still counts. */
  | {
      readonly outcome: "refused";
      readonly reason: "too_many";
      readonly retryAfterSeconds: number;
    };

/**
 * The second step of accounts: an authenticator app (RFC 6238) and recovery codes. A code of the app
 * counts once, and a recovery code counts once, whichever node it is given to.
 */
export interface SecondSteps {
  find(id: AccountId): Promise<SecondStepStatus | undefined>;
  /** A secret that nothing is known of until a code of it is confirmed. */
  begin(account: Account): NewSecret;
  /** The same secret, shown once more. */
  describe(account: Account, secret: string): NewSecret;
  /** `taken`: the account has one already that is not to be replaced. */
  confirm(
    id: AccountId,
    given: { readonly secret: string; readonly code: string; readonly replaces: boolean },
  ): Promise<"confirmed" | "wrong_code" | "taken">;
  /** Of the app, or a recovery code: told apart by their form. */
  verify(id: AccountId, code: string): Promise<CodeResult>;
  /** Replaces those that there are. @returns undefined when the account has no second step. */
  makeRecoveryCodes(id: AccountId): Promise<string[] | undefined>;
  remove(id: AccountId): Promise<boolean>;
}

export interface SecondStepsDeps {
  readonly secondSteps: SecondStepStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** By which apps list the account. */
  readonly issuerHost: string;
}

/** Five mistakes are anybody's; after them guessing takes too long to get anywhere (RFC 4226 §7.3). */
const FREE_TRIES = 5;
const FIRST_PAUSE_SECONDS = 30;
/** 1 h: 24 guesses a day, of which three in a million are right. */
const LONGEST_PAUSE_SECONDS = 3600;
/** Others at once count theirs first; more than so many at once are a program. */
const COUNT_ROUNDS = 3;

export const secretContext = (id: AccountId) => `totp:${id}`;
export const recoveryContext = (id: AccountId) => `recovery-code:${id}`;

export function createSecondSteps(deps: SecondStepsDeps): SecondSteps {
  const { secondSteps, sealer, clock, issuerHost } = deps;

  function describe(account: Account, secret: string): NewSecret {
    const label = { issuer: issuerHost, account: account.email ?? account.username };
    return { secret, uri: totpUri(secret, label) };
  }

  /** @returns why the code is not looked at; undefined: it is. */
  async function countTry(id: AccountId): Promise<CodeResult | SecondStepRecord> {
    for (let round = 0; round < COUNT_ROUNDS; round++) {
      const record = await secondSteps.find(id);
      if (record === undefined) return { outcome: "refused", reason: "none" };
      const waitSeconds = record.refusedUntilSeconds - clock.nowSeconds();
      if (waitSeconds > 0) return tooMany(waitSeconds);
      const { wrongCodes } = record;
      const refusedUntilSeconds = clock.nowSeconds() + pauseAfter(wrongCodes + 1);
      if (await secondSteps.countTry(id, { wrongCodes, refusedUntilSeconds })) return record;
    }
    return tooMany(1);
  }

  async function verifyTotp(id: AccountId, code: string): Promise<CodeResult> {
    const record = await countTry(id);
    if ("outcome" in record) return record;
    const { sealedSecret } = record;
    const secret = sealer.open(sealedSecret, secretContext(id));
    if (secret === undefined) throw new Error("the secret of an authenticator app does not open");
    const step = findTotpStep(secret, code, clock.nowSeconds());
    const isNew = step !== undefined && (await secondSteps.useStep(id, sealedSecret, step));
    return isNew ? { outcome: "verified", by: "totp" } : WRONG;
  }

  async function verifyRecoveryCode(id: AccountId, code: string): Promise<CodeResult> {
    const record = await secondSteps.find(id);
    const unused = record?.recoveryCodes.filter(isUnused) ?? [];
    const hashed = Buffer.from(hashRecoveryCode(id, code));
    const found = unused.find(({ sealedHash }) => {
      const stored = Buffer.from(sealer.open(sealedHash, recoveryContext(id)) ?? "");
      return stored.length === hashed.length && timingSafeEqual(stored, hashed);
    });
    if (found === undefined || !(await secondSteps.useRecoveryCode(id, found))) return WRONG;
    return { outcome: "verified", by: "recovery_code", left: unused.length - 1 };
  }

  return {
    async find(id) {
      const record = await secondSteps.find(id);
      if (record === undefined) return undefined;
      const { createdAtSeconds, recoveryCodes } = record;
      const used = recoveryCodes.length - recoveryCodes.filter(isUnused).length;
      return { createdAtSeconds, recoveryCodes: { total: recoveryCodes.length, used } };
    },

    begin: (account) => describe(account, createTotpSecret()),
    describe,

    async confirm(id, { secret, code, replaces }) {
      const usedStep = findTotpStep(secret, withoutSpaces(code), clock.nowSeconds());
      if (usedStep === undefined) return "wrong_code";
      const sealedSecret = sealer.seal(secret, secretContext(id));
      const added = await secondSteps.add(id, { sealedSecret, usedStep }, { replaces });
      return added ? "confirmed" : "taken";
    },

    async verify(id, typed) {
      const code = withoutSpaces(typed);
      if (TOTP_CODE.test(code)) return verifyTotp(id, code);
      const recoveryCode = parseRecoveryCode(typed);
      return recoveryCode === undefined ? WRONG : verifyRecoveryCode(id, recoveryCode);
    },

    async makeRecoveryCodes(id) {
      const codes = createRecoveryCodes();
      const sealed = codes.map((code) => {
        const hashed = hashRecoveryCode(id, parseRecoveryCode(code) ?? "");
        return sealer.seal(hashed, recoveryContext(id));
      });
      return (await secondSteps.replaceRecoveryCodes(id, sealed)) ? codes : undefined;
    },

    remove: (id) => secondSteps.remove(id),
  };
}

const WRONG: CodeResult = { outcome: "refused", reason: "wrong_code" };
const TOTP_CODE = /^\d{6}$/;

/** Apps show "123 456", and some keyboards type digits of another script. */
function withoutSpaces(typed: string): string {
  return typed.normalize("NFKC").replaceAll(/[\s-]/g, "");
}

function pauseAfter(wrongCodes: number): number {
  if (wrongCodes < FREE_TRIES) return 0;
  return Math.min(FIRST_PAUSE_SECONDS * 2 ** (wrongCodes - FREE_TRIES), LONGEST_PAUSE_SECONDS);
}

function tooMany(retryAfterSeconds: number): CodeResult {
  return { outcome: "refused", reason: "too_many", retryAfterSeconds };
}

function isUnused({ usedAtSeconds }: RecoveryCodeRecord): boolean {
  return usedAtSeconds === undefined;
}
