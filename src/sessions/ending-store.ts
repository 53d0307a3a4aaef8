/** All of an account, all of a client, or what one account allowed one client. */
export type EndedSubject = "account" | "client" | "consent";

/** Why something was ended; for the audit log, and for whoever has to explain it. */
export type EndingReason =
  | "person"
  /** The provider that the person signed in at says that its session ended. */
  | "upstream_logout"
  | "administrator"
  | "incident"
  | "password_changed"
  | "account_disabled"
  | "account_deletion";

export interface RequestedEnding {
  readonly subject: EndedSubject;
  /** As in the revocation of the same subject. */
  readonly id: string;
  readonly reason: EndingReason;
}

/** An ending that is this caller's to complete until its lease is over. */
export interface ClaimedEnding extends RequestedEnding {
  /** What began up to and including this second has ended. */
  readonly endedUntilSeconds: number;
  readonly claim: string;
}

/**
 * Endings that a revocation made true, and after which sessions, grants and tokens are still to be
 * deleted and clients to be told. They outlive the process that asked for them.
 */
export interface EndingStore {
  /**
   * Resolves when it is written. A second one of the same subject takes the place of the first, which
   * covers less.
   *
   * @param leaseSeconds for how long only the caller may complete it; 0: anybody may at once.
   */
  request(ending: RequestedEnding, leaseSeconds: number): Promise<ClaimedEnding>;
  /** The one that is due the longest; of many callers each gets another one, or undefined. */
  claim(leaseSeconds: number): Promise<ClaimedEnding | undefined>;
  /** It is completed. Touches nothing when the claim was lost. */
  finish(claimed: ClaimedEnding): Promise<void>;
}
