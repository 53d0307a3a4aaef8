/**
 * What ends tokens, and what they come from: one token by its `jti`, or all of a grant, of a session, of an account,
 * of a client, or of what one account allowed one client.
 */
export const TOKEN_SUBJECTS = [
  "token",
  "grant",
  "session",
  "account",
  "client",
  "consent",
] as const;

/**
 * All sessions of an account but one, or all its grants but those of that session, by account id; and
 * what stays, by session uid and grant id. They judge what is stored: a token never comes from
 * anything that they ended, and what it came from before is revoked by itself. Nodes learn of rows in
 * the order of their subjects, so of what stays first.
 */
const STORED_SUBJECTS = ["kept_grant", "kept_session", "other_grants", "other_sessions"] as const;

export const REVOCATION_SUBJECTS = [...TOKEN_SUBJECTS, ...STORED_SUBJECTS] as const;

/** By which tokens are revoked. */
export type TokenSubject = (typeof TOKEN_SUBJECTS)[number];

export type RevocationSubject = (typeof REVOCATION_SUBJECTS)[number];

export function isOfTokens<Record extends Revoked>(
  revoked: Record,
): revoked is Record & { readonly subject: TokenSubject } {
  return TOKEN_SUBJECTS.some((subject) => subject === revoked.subject);
}

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
