/** What is to be sent, as it is kept: who gets it and what it says are sealed. */
export interface NewMail {
  readonly accountId: string | undefined;
  /** Its kind, for operators. */
  readonly template: string;
  /** `SealedMail`, bound to `id`. */
  readonly sealed: string;
  readonly id: string;
  /** After it, delivering makes no sense: a code in it counts no more. */
  readonly usefulUntilSeconds: number;
}

export interface StoredMail extends NewMail {
  /** `kept`: never sent, for the outbox page; `discarded`: never sent at all. */
  readonly state: "pending" | "failed" | "kept" | "discarded";
  /** Failed attempts in a row. */
  readonly failures: number;
  /** Why the last attempt failed. */
  readonly reason: string | undefined;
  readonly requestedAtSeconds: number;
  /** When it is tried next; undefined when it is finished. */
  readonly dueAtSeconds: number | undefined;
}

/** A mail that is this caller's until its lease ends. */
export interface ClaimedMail extends StoredMail {
  readonly claim: string;
}

/** 7 days: time to notice and to deliver again. */
export const FAILED_MAIL_KEPT_SECONDS = 7 * 86_400;
/** 1 day: the outbox page is for trying out. */
export const OUTBOX_KEPT_SECONDS = 86_400;

/**
 * Mail that outlives the process that wrote it. A delivered one is gone: what was in it is nobody's
 * business any more. Every change of one is atomic, and what is done under a claim is done only while
 * the claim holds.
 */
export interface MailStore {
  /** Resolves when it is durable, and due at once. */
  enqueue(mail: NewMail): Promise<void>;
  /** The same for a mail that is never sent. */
  keep(mail: NewMail): Promise<void>;
  /** Costs the same, and is gone with the next purge: nobody sees or sends it. */
  discard(mail: NewMail): Promise<void>;
  /** The one that is due the longest; of many callers each gets another one, or undefined. */
  claim(leaseSeconds: number): Promise<ClaimedMail | undefined>;
  /** It is deleted. @returns false when the claim was lost; then nothing changed. */
  markDelivered(claimed: ClaimedMail): Promise<boolean>;
  /** Never to be tried again by itself. @returns false when the claim was lost. */
  markFailed(claimed: ClaimedMail, reason: string): Promise<boolean>;
  /** @returns false when the claim was lost. */
  postpone(
    claimed: ClaimedMail,
    failure: { readonly reason: string; readonly delaySeconds: number },
  ): Promise<boolean>;
  /** Fails those that are of no use any more, save those under way. @returns which. */
  failOverdue(limit: number): Promise<StoredMail[]>;
  /** The newest first. */
  list(filter: {
    readonly state?: StoredMail["state"];
    readonly limit: number;
  }): Promise<StoredMail[]>;
  find(id: string): Promise<StoredMail | undefined>;
  /**
   * Makes one that failed, or waits, due at once, and useful for some time.
   *
   * @returns false when there is none, or it is under way or kept.
   */
  restart(id: string, usefulForSeconds: number): Promise<boolean>;
  /** Deletes those whose time of being kept is over, `batchSize` at most. @returns how many. */
  purgeExpired(batchSize: number): Promise<number>;
}
