/** That a session here began with a sign-in at a provider. */
export interface UpstreamSession {
  /** Public name of the session here, which opens nothing. */
  readonly handle: string;
  readonly providerId: string;
  /** `sub` there. */
  readonly subject: string;
  /** Name of the session there (OpenID Connect Back-Channel Logout §2.1); not every provider has any. */
  readonly sid: string | undefined;
  /** For the `id_token_hint` of a sign-out there; undefined: none is wanted. */
  readonly sealedIdToken: string | undefined;
  readonly beganAtSeconds: number;
  /** From then on it is not found; it has ended here by then. */
  readonly expiresAtSeconds: number;
}

/** Whom a provider means by a logout token: a session, all of a person, or both, which must fit. */
export interface MeantUpstreamSessions {
  readonly providerId: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
}

export interface UpstreamSessionStore {
  /** In place of what the same session had of the same provider. */
  save(session: UpstreamSession): Promise<void>;
  /** The provider that was used last comes first. */
  listOf(handle: string): Promise<UpstreamSession[]>;
  /** None when neither `subject` nor `sid` is given. */
  listMeant(meant: MeantUpstreamSessions): Promise<UpstreamSession[]>;
  /** Sessions that have ended need not be forgotten: they expire. */
  forget(handle: string): Promise<void>;
  /** @returns how many went. */
  purgeExpired(batchSize: number): Promise<number>;
}
