/** A client is to be told that a session ended (OpenID Connect Back-Channel Logout 1.0). */
export interface RequestedLogout {
  readonly clientId: string;
  readonly accountId: string;
  /** The session's name at this client (§2.1). */
  readonly sid: string;
  /** Host and port of the client's address: deliveries to one host are limited together. */
  readonly destination: string;
}

export interface LogoutDelivery extends RequestedLogout {
  readonly id: string;
  readonly state: "pending" | "delivered" | "failed";
  /** Failed attempts in a row: its own, or as many as another one of the same client had seen. */
  readonly failures: number;
  /** Why the last attempt failed. */
  readonly reason: string | undefined;
  readonly requestedAtSeconds: number;
  /** When it is tried next; undefined when it is finished. */
  readonly dueAtSeconds: number | undefined;
  readonly finishedAtSeconds: number | undefined;
}

/** A delivery that is this caller's until its lease ends. */
export interface ClaimedLogout extends LogoutDelivery {
  readonly claim: string;
}

export interface ClaimOptions {
  /** Hosts to which as much is under way as may be. */
  readonly exceptDestinations: readonly string[];
  /** After it the delivery is anybody's again, whatever became of whoever claimed it. */
  readonly leaseSeconds: number;
}

export interface LogoutDeliveryFilter {
  readonly state?: LogoutDelivery["state"];
  readonly clientId?: string;
  readonly limit: number;
}

/** 10 s: two requests that end one session at once, or one that is sent again after an error. */
export const SAME_LOGOUT_SECONDS = 10;
/** 7 days: an answer to "was this application told?". */
export const DELIVERED_KEPT_SECONDS = 7 * 86_400;
/** 30 days: time to notice and to deliver again. */
export const FAILED_KEPT_SECONDS = 30 * 86_400;

/**
 * Deliveries that outlive the process that asked for them. Every change of one of them is atomic, and
 * what is done under a claim is done only while the claim holds.
 */
export interface LogoutDeliveryStore {
  /**
   * Resolves when all are written, due at once, or none is. One for each client and `sid`: a second
   * request for one that waits adds nothing; one that is under way or finished is due anew, unless it
   * was asked for within `SAME_LOGOUT_SECONDS`.
   */
  enqueue(logouts: readonly RequestedLogout[]): Promise<void>;
  /** The one that is due the longest; of many callers each gets another one, or undefined. */
  claim(options: ClaimOptions): Promise<ClaimedLogout | undefined>;
  /** @returns false when the claim was lost; then nothing changed. */
  markDelivered(claimed: ClaimedLogout): Promise<boolean>;
  /** Never to be tried again by itself. @returns false when the claim was lost. */
  markFailed(claimed: ClaimedLogout, reason: string): Promise<boolean>;
  /**
   * Puts it off by some seconds, and with it whatever else is due for the same client.
   *
   * @returns false when the claim was lost.
   */
  postpone(
    claimed: ClaimedLogout,
    failure: { readonly reason: string; readonly delaySeconds: number },
  ): Promise<boolean>;
  /** Gives it back untried: due at once, for anybody. */
  release(claimed: ClaimedLogout): Promise<void>;
  /** Fails those asked for before a time, save those under way. @returns which, `limit` at most. */
  failOverdue(requestedBeforeSeconds: number, limit: number): Promise<LogoutDelivery[]>;
  /** The newest first. */
  list(filter: LogoutDeliveryFilter): Promise<LogoutDelivery[]>;
  /**
   * Makes one that failed, or waits, due at once, as if it had just been asked for.
   *
   * @returns false when there is none, or it was delivered, or is under way.
   */
  restart(id: string): Promise<boolean>;
  /**
   * Deletes finished ones whose time of being kept is over, `batchSize` at most.
   *
   * @returns how many.
   */
  purgeExpired(batchSize: number): Promise<number>;
}
