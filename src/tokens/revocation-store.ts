/**
 * What a revocation is about: one token by its `jti`, or all of a grant, of a session, of an account,
 * of a client, or of what one account allowed one client.
 */
export const REVOCATION_SUBJECTS = [
  "token",
  "grant",
  "session",
  "account",
  "client",
  "consent",
] as const;

export type RevocationSubject = (typeof REVOCATION_SUBJECTS)[number];

/** What was ended. */
export interface Revoked {
  readonly subject: RevocationSubject;
  /** The `jti`, grant id, session `uid`, account id, client id or `consentId`. */
  readonly id: string;
}

/**
 * Access tokens, and what brings them, that are not valid any more although their signature and `exp`
 * say so. They are not looked up one by one; what is stored is who lost them, until the last has
 * expired.
 */
export interface Revocation extends Revoked {
  /** What was issued up to and including this second is revoked. */
  readonly issuedUntilSeconds: number;
  /** Nothing that it concerns is valid for longer; then it is purged. */
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
  find(revoked: readonly Revoked[]): Promise<Revocation[]>;
  /** All that have not expired, or `limit` of them. */
  list(limit?: number): Promise<Revocation[]>;
}

/** No account id has a space in it. */
export function consentId(accountId: string, clientId: string): string {
  return `${accountId} ${clientId}`;
}

/** What `consentId` was made of. */
export function parseConsentId(id: string): { accountId: string; clientId: string } {
  const space = id.indexOf(" ");
  return { accountId: id.slice(0, space), clientId: id.slice(space + 1) };
}
