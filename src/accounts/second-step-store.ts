import type { AccountId } from "./account.js";

/** What an account has beside its password. */
export interface SecondStepRecord {
  readonly sealedSecret: string;
  /** The newest time step (RFC 6238 §4.2) of which a code was accepted. */
  readonly lastUsedStep: number;
  /** Since the last right one. */
  readonly wrongCodes: number;
  /** No code is looked at before. */
  readonly refusedUntilSeconds: number;
  readonly createdAtSeconds: number;
  readonly recoveryCodes: readonly RecoveryCodeRecord[];
}

export interface RecoveryCodeRecord {
  readonly position: number;
  readonly sealedHash: string;
  readonly usedAtSeconds: number | undefined;
  readonly createdAtSeconds: number;
}

/** A try at a code, counted before the code is looked at. */
export interface CountedTry {
  /** As they were read: the try counts only while this is so. */
  readonly wrongCodes: number;
  /** From when the next one is looked at, if this one is wrong. */
  readonly refusedUntilSeconds: number;
}

export interface NewAuthenticator {
  readonly sealedSecret: string;
  /** Of the code that confirmed it: that code is used. */
  readonly usedStep: number;
}

/** Nothing here is kept by a node: what one wrote counts for all at once. */
export interface SecondStepStore {
  find(id: AccountId): Promise<SecondStepRecord | undefined>;
  /**
   * `replaces`: the one that there is goes, its recovery codes stay.
   * @returns false, with nothing changed, when there is one and it is not to be replaced, or when the
   *   account is gone.
   */
  add(
    id: AccountId,
    authenticator: NewAuthenticator,
    options: { readonly replaces: boolean },
  ): Promise<boolean>;
  /** Of any number at once one is counted. @returns false when another was. */
  countTry(id: AccountId, counted: CountedTry): Promise<boolean>;
  /**
   * Marks the time step as used and forgets the wrong codes. Of any number at once one wins.
   * @returns false when it, or a later one, was used, or when the authenticator is another.
   */
  useStep(id: AccountId, sealedSecret: string, step: number): Promise<boolean>;
  /** With its recovery codes. @returns false when there is none. */
  remove(id: AccountId): Promise<boolean>;
  /** Replaces all that there are. @returns false when the account has no second step. */
  replaceRecoveryCodes(id: AccountId, sealedHashes: readonly string[]): Promise<boolean>;
  /** Of any number at once one wins. @returns false when it was used or replaced. */
  useRecoveryCode(id: AccountId, code: RecoveryCodeRecord): Promise<boolean>;
  /** Ordered by id, for what is to be sealed anew. */
  listIds(page: { after: AccountId | undefined; limit: number }): Promise<AccountId[]>;
  /** Changes what is sealed only where it is still as it was read. */
  reseal(id: AccountId, from: string, to: string): Promise<void>;
}
