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

/** A JSON object. Stores index `grantId`, `uid`, `userCode`, `accountId` and `clientId` where present. */
export type ModelPayload = Record<string, unknown>;

/**
 * Where the library's models live. Implementations are in `storage/`.
 *
 * Guarantees that every implementation gives, under concurrent callers in several processes:
 * - each method is one atomic step: other callers see all of it or nothing;
 * - a write and its indexes are one step;
 * - absent means absent or expired: an expired record is never returned, whether purged or not;
 * - what `find*` returns is a fresh plain object that the caller may change;
 * - ids are opaque: the caller hashes those that are secrets.
 */
export interface ModelStore {
  /**
   * Writes the record, replacing one of the same model and id, its expiry and its indexes.
   * A replaced record that was consumed stays consumed.
   *
   * @param expiresInSeconds lifetime from now; undefined: never expires; values below 1 count as 1,
   *   since the library passes 0 and less for models within its clock tolerance.
   */
  upsert(
    model: ModelName,
    id: string,
    payload: ModelPayload,
    expiresInSeconds: number | undefined,
  ): Promise<void>;

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

  /** The Session whose payload carries this `uid`. */
  findSessionByUid(uid: string): Promise<ModelPayload | undefined>;

  /** The DeviceCode whose payload carries this `userCode`. */
  findDeviceCodeByUserCode(userCode: string): Promise<ModelPayload | undefined>;

  /**
   * Marks the record as consumed; its payload and expiry stay. Compare-and-set: of all attempts
   * one gets true. The winner asking again with its own `attempt` gets true again, so that a
   * command resent after a lost reply is not taken for a thief.
   *
   * For every other attempt it is false, and in the same step the grant that the record belongs to
   * and all that hangs on it are deleted (RFC 6749 §4.1.2, RFC 9700 §4.14.2). An absent record
   * gives false and touches nothing.
   */
  consume(model: ModelName, id: string, attempt: string): Promise<boolean>;

  /** Deletes the record and its index entries. Absent is no error. */
  destroy(model: ModelName, id: string): Promise<void>;

  /** Deletes every record that carries this `grantId`. The Grant itself stays. */
  revokeByGrantId(grantId: string): Promise<void>;
}

/** Stores without expiry of their own are swept; returns how many records went. */
export interface ExpiredModelPurge {
  purgeExpired(batchSize: number): Promise<number>;
}
