/** Every model that oidc-provider stores, by the name it gives to its adapter. */
export const MODEL_NAMES = [
  "Session",
  "Interaction",
  "Grant",
  "AuthorizationCode",
  "AccessToken",
  "RefreshToken",
  "ClientCredentials",
  "DeviceCode",
  "BackchannelAuthenticationRequest",
  "PushedAuthorizationRequest",
  "PreAuthorizedCode",
  "ReplayDetection",
  "InitialAccessToken",
  "RegistrationAccessToken",
] as const;

export type ModelName = (typeof MODEL_NAMES)[number];

/** A JSON object. Stores index `grantId`, `uid`, `userCode`, `accountId` and `sessionUid` where present. */
export type ModelPayload = Record<string, unknown>;

export interface ModelRecord {
  readonly model: ModelName;
  readonly id: string;
  readonly payload: ModelPayload;
  /**
   * Lifetime from now; undefined: never expires; values below 1 count as 1, since the library passes
   * 0 and less for models within its clock tolerance.
   */
  readonly expiresInSeconds: number | undefined;
  /** The id of a record of the same model and partition that goes in the same step. */
  readonly replaces?: string | undefined;
  readonly follows?: FollowedRecord | undefined;
  /** Of a Session: clients that did not take part in it before, to be found by them. */
  readonly joins?: SessionJoining | undefined;
}

export interface SessionJoining {
  readonly clientIds: readonly string[];
  /** The session cannot last for longer, however often it is used. */
  readonly endsInSeconds: number;
}

/** The record of the same model and partition that a write was made from. */
export interface FollowedRecord {
  readonly id: string;
  /** The `revision` in its payload. */
  readonly revision: string;
}

/** A record with what every use of it needs next. */
export interface ModelFamily {
  readonly record: ModelPayload;
  /** The Grant that it belongs to. */
  readonly grant: ModelPayload | undefined;
  /** The Session that it ends with. */
  readonly session: ModelPayload | undefined;
}

export interface StoredSession {
  readonly id: string;
  readonly payload: ModelPayload;
}

export interface StoredGrant {
  readonly id: string;
  readonly payload: ModelPayload;
  /** The latest `iat` of a code or token that is kept with it. */
  readonly lastIssuedAtSeconds: number | undefined;
}

export interface SessionPage {
  readonly sessions: readonly StoredSession[];
  /** Leads to the next page; undefined: this was the last. */
  readonly next: string | undefined;
}

/**
 * Where the library's models live. Implementations are in `storage/`.
 *
 * Guarantees that every implementation gives, under concurrent callers in several processes:
 * - each method is one atomic step: other callers see all of it or nothing;
 * - a write and its indexes are one step;
 * - absent means absent or expired: an expired record is never returned, whether purged or not;
 * - what `find*` returns is a fresh plain object that the caller may change.
 *
 * What callers keep to:
 * - ids are base64url or the like, and opaque: the caller hashes those that are secrets;
 * - ids, `grantId`, `uid` and `userCode` begin with their partition (`partition.ts`). A record is in
 *   the partition of its grant, and a Session and a Grant in that of their account. Only a device
 *   code may get a grant of another partition, when it is approved.
 */
export interface ModelStore {
  /** Writes the record, replacing one of the same model and id, its expiry and its indexes. A replaced record that was consumed stays consumed. */
  upsert(
    model: ModelName,
    id: string,
    payload: ModelPayload,
    expiresInSeconds: number | undefined,
  ): Promise<void>;

  /**
   * The same for several records of one partition, in one step. One of them may have `follows`: then
   * that record must still be there, of the same revision.
   * @returns false when it is not; then nothing was written.
   */
  upsertTogether(records: readonly ModelRecord[]): Promise<boolean>;

  /**
   * Writes the record unless one that has not expired is there.
   * @returns whether this call wrote it: of concurrent calls exactly one gets true.
   */
  insertOnce(
    model: ModelName,
    id: string,
    payload: ModelPayload,
    expiresInSeconds: number,
  ): Promise<boolean>;

  /** A consumed record is returned with `consumed`: the epoch second at which it was. */
  find(model: ModelName, id: string): Promise<ModelPayload | undefined>;

  /**
   * The record with the Grant that its `grantId` names and, if it carries `expiresWithSession`, the
   * Session that its `sessionUid` names. Of a Session: the Grant that it has for `clientId`.
   */
  findFamily(model: ModelName, id: string, clientId?: string): Promise<ModelFamily | undefined>;

  /** The Session whose payload carries this `uid`; of several, the one written last. */
  findSessionByUid(uid: string): Promise<ModelPayload | undefined>;

  /** The DeviceCode whose payload carries this `userCode`. */
  findDeviceCodeByUserCode(userCode: string): Promise<ModelPayload | undefined>;

  /** Every Session of the account, in no order. */
  listSessions(accountId: string): Promise<StoredSession[]>;

  /** Every Grant of the account, in no order. */
  listGrants(accountId: string): Promise<StoredGrant[]>;

  /**
   * Sessions that the client takes part in, a page at a time; one that is written anew meanwhile may
   * come twice, and none that is there all the while is left out. Unlike all else, this index is not
   * written in one step with the session (they are of different partitions): what a write `joins` is
   * there before the session is, and may stay until the session's last possible second. So a page may
   * hold fewer sessions than it could, or none, and yet have a `next`.
   */
  listSessionsOfClient(clientId: string, after?: string): Promise<SessionPage>;

  /**
   * Marks the record as consumed; its payload and expiry stay. Compare-and-set: of all attempts
   * one gets true. The winner asking again with its own `attempt` gets true again, so that a
   * command resent after a lost reply is not taken for a thief.
   *
   * For the winner, `issued` (of the partition of the record's grant) is written in the same step:
   * a code is used up and its tokens are there, or neither.
   *
   * For every other attempt it is false, and in the same step the grant that the record belongs to
   * and all that hangs on it are deleted (RFC 6749 §4.1.2, RFC 9700 §4.14.2). An absent record
   * gives false and touches nothing.
   */
  consume(consumption: Consumption): Promise<boolean>;

  /**
   * Takes a consumption back whose outcome its caller could not learn, together with what was issued
   * in its step: nobody was told of either. Should the attempt arrive only now, it is refused. Touches
   * nothing that another attempt has consumed.
   */
  withdraw(consumption: Consumption): Promise<void>;

  /** Deletes the record and its index entries. Absent is no error. */
  destroy(model: ModelName, id: string): Promise<void>;

  /** Deletes every record that carries this `grantId`. The Grant itself stays. */
  revokeByGrantId(grantId: string): Promise<void>;
}

export interface Consumption {
  readonly model: ModelName;
  readonly id: string;
  /** Names one try to consume; resent, it stays the same. */
  readonly attempt: string;
  readonly issued?: readonly ModelRecord[];
}

/** Stores without expiry of their own are swept; returns how many records went. */
export interface ExpiredModelPurge {
  purgeExpired(batchSize: number): Promise<number>;
}
