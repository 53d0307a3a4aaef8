/** What a revocation is about: one token by its `jti`, or all of a grant, session, account or client. */
export const REVOCATION_SUBJECTS = ["token", "grant", "session", "account", "client"] as const;

export type RevocationSubject = (typeof REVOCATION_SUBJECTS)[number];

/**
 * JWT access tokens that are not valid any more although their signature and `exp` say so. They are
 * not stored when they are issued; what is stored is who lost them, until the last has expired.
 */
export interface Revocation {
  readonly subject: RevocationSubject;
  /** The `jti`, grant id, session `uid`, account id or client id. */
  readonly id: string;
  /** Tokens with an `iat` up to and including this second are revoked. */
  readonly issuedUntilSeconds: number;
  /** No token that it concerns is valid for longer; then it is purged. */
  readonly expiresAtSeconds: number;
}

/**
 * Guarantees, under concurrent callers in several processes:
 * - what `add` has answered is seen by every later `find` and `list`, of whichever node;
 * - of two revocations of one subject the later `issuedUntilSeconds` and the later `expiresAtSeconds`
 *   hold, in whatever order they are added;
 * - an expired one is never returned, whether purged or not.
 */
export interface RevocationStore {
  /** All or none, in one step. */
  add(revocations: readonly Revocation[]): Promise<void>;
  /** Those that are there, in one round trip. */
  find(subjects: readonly Pick<Revocation, "subject" | "id">[]): Promise<Revocation[]>;
  /** All that have not expired. */
  list(): Promise<Revocation[]>;
}
