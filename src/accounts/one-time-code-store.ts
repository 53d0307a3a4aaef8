export interface OneTimeCodeRecord {
  /** What it opens, such as `reset-password`. */
  readonly purpose: string;
  /** Of whom or what it is for: at most one for each purpose and subject. */
  readonly subjectHash: string;
  readonly codeHash: string;
  /** Unique. */
  readonly tokenHash: string;
  readonly sealedData: string;
}

export interface NewOneTimeCode extends OneTimeCodeRecord {
  /** How many codes may be tried against it. */
  readonly tries: number;
  readonly expiresAtSeconds: number;
}

export type OneTimeCodeName = Pick<OneTimeCodeRecord, "purpose" | "subjectHash">;

/** Codes that wait to be redeemed. Each step is atomic; what has expired is not there any more. */
export interface OneTimeCodeStore {
  /** In place of the one before of the same purpose and subject. */
  save(code: NewOneTimeCode): Promise<void>;
  /** The same, unless one is there. @returns whether it was saved. */
  saveUnlessPending(code: NewOneTimeCode): Promise<boolean>;
  /**
   * Takes one try away before anything is compared, so that no number of callers at once has more
   * tries than there are.
   *
   * @returns undefined when there is none, or no try is left.
   */
  takeTry(name: OneTimeCodeName): Promise<OneTimeCodeRecord | undefined>;
  findByToken(purpose: string, tokenHash: string): Promise<OneTimeCodeRecord | undefined>;
  /** @returns of many callers true for one. */
  remove(code: Pick<OneTimeCodeRecord, "purpose" | "tokenHash">): Promise<boolean>;
  cancel(name: OneTimeCodeName): Promise<void>;
  /** Deletes expired ones, `batchSize` at most. @returns how many. */
  purgeExpired(batchSize: number): Promise<number>;
}
