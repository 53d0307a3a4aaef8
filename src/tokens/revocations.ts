/**
 * Access tokens that are not valid any more although nothing in them says so. Owns what a revocation
 * reaches and how a node knows of it; who revokes, and what else ends with it, is decided in `oidc/`.
 */
import type { ChangeFeed } from "../lib/change-feed.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { LONGEST_TOKEN_SECONDS } from "../lib/longest-token.js";
import { createRevocationMirror } from "./revocation-mirror.js";
import {
  consentId,
  isOfTokens,
  type Revocation,
  type RevocationStore,
  type RevocationSubject,
  type Revoked,
  type TokenSubject,
} from "./revocation-store.js";

/** What a token, or anything else that was issued, can be revoked by. */
export interface IssuedFacts {
  readonly jti?: string | undefined;
  readonly clientId?: string | undefined;
  readonly grantId?: string | undefined;
  readonly sessionUid?: string | undefined;
  readonly accountId?: string | undefined;
  readonly issuedAtSeconds: number;
  /** These facts are of the session or grant itself, which may be one of those that stay. */
  readonly itself?: "session" | "grant";
}

/** An access token in the form of a JWT; all ids as they are here, not as they are in the token. */
export interface TokenFacts extends IssuedFacts {
  readonly jti: string;
  readonly clientId: string;
  readonly expiresAtSeconds: number;
  readonly audience: string;
}

/** What is to be revoked. */
export interface Ended extends Revoked {
  /** Of a token: its `exp`, since nothing that comes from it lives longer. */
  readonly expiresAtSeconds?: number;
}

export interface Revocations {
  /**
   * Ends all that was issued for them up to now, in one step. When it has returned, every node knows
   * it within a second, and none forgets it before the last token that it concerns has expired. A
   * token, grant or session ends for good, whatever is issued for it later; of an account, client or
   * consent, what is issued from the next second on is valid.
   */
  revoke(revoked: readonly Ended[]): Promise<void>;
  /** No round trip while changes are told; one else. */
  isRevoked(facts: IssuedFacts): Promise<boolean>;
  /** The same as the store has it at this moment: what `revoke` has answered elsewhere is seen. */
  isRevokedNow(facts: IssuedFacts): Promise<boolean>;
  /** All that are in force and that tokens are revoked by. */
  list(): Promise<(Revocation & { readonly subject: TokenSubject })[]>;
  /** @param listener is called after something was added, here or at another node. */
  subscribe(listener: () => void): void;
  close(): void;
}

export interface RevocationsDeps {
  readonly store: RevocationStore;
  /** Undefined: nobody tells of revocations made elsewhere, so every check asks the store. */
  readonly changes: ChangeFeed | undefined;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
  /** The longest that a grant or a session may live. */
  readonly longestGrantSeconds: number;
  readonly maxMirrored?: number;
}

const KEPT: ReadonlySet<string> = new Set<RevocationSubject>(["kept_grant", "kept_session"]);
const OTHERS: ReadonlySet<string> = new Set<RevocationSubject>(["other_grants", "other_sessions"]);

/** 5 min: how far the clocks of nodes and of APIs may be apart, and the leeway that APIs allow. */
const LEEWAY_SECONDS = 300;

/** Of these, new ones are issued under the same id. Of the others, none. */
const ISSUED_AGAIN: ReadonlySet<RevocationSubject> = new Set<RevocationSubject>([
  "account",
  "client",
  "consent",
  "kept_grant",
  "kept_session",
  "other_grants",
  "other_sessions",
]);

export function createRevocations(deps: RevocationsDeps): Revocations {
  const { store, changes, clock, logger, longestGrantSeconds, maxMirrored } = deps;
  const listeners: (() => void)[] = [];
  const tellListeners = () => {
    for (const listener of listeners) listener();
  };
  const mirror =
    changes &&
    createRevocationMirror({
      store,
      changes,
      clock,
      logger,
      onAdded: tellListeners,
      ...(maxMirrored === undefined ? {} : { maxRecords: maxMirrored }),
    });

  function toRevocation({ subject, id, expiresAtSeconds: knownEnd }: Ended): Revocation {
    const now = clock.nowSeconds();
    const isAgain = ISSUED_AGAIN.has(subject);
    // Grants and sessions from before are refused for as long as they could live, too.
    const longest = isAgain
      ? Math.max(LONGEST_TOKEN_SECONDS, longestGrantSeconds)
      : LONGEST_TOKEN_SECONDS;
    const expiresAtSeconds = (knownEnd ?? now + longest) + LEEWAY_SECONDS;
    return { subject, id, issuedUntilSeconds: isAgain ? now : expiresAtSeconds, expiresAtSeconds };
  }

  function findAll(facts: IssuedFacts): readonly Revocation[] | Promise<Revocation[]> {
    const subjects = subjectsOf(facts);
    if (mirror?.isCurrent() !== true) return store.find(subjects);
    return subjects.flatMap((each) => mirror.find(each) ?? []);
  }

  return {
    async revoke(revoked) {
      if (revoked.length === 0) return;
      const revocations = revoked.map(toRevocation);
      await store.add(revocations);
      if (mirror === undefined) tellListeners();
      else mirror.add(revocations);
    },
    async isRevoked(facts) {
      return concerns(facts, await findAll(facts));
    },
    async isRevokedNow(facts) {
      return concerns(facts, await store.find(subjectsOf(facts)));
    },
    async list() {
      const all = mirror?.isCurrent() === true ? mirror.list() : await store.list();
      return all.filter(isOfTokens);
    },
    subscribe: (listener) => void listeners.push(listener),
    close: () => mirror?.close(),
  };
}

/** What was kept when all others ended is not among those, until others end without it. */
function concerns({ issuedAtSeconds }: IssuedFacts, found: readonly Revocation[]): boolean {
  const keptUntilSeconds = found.find(({ subject }) => KEPT.has(subject))?.issuedUntilSeconds ?? 0;
  return found.some(({ subject, issuedUntilSeconds }) => {
    if (KEPT.has(subject) || issuedAtSeconds > issuedUntilSeconds) return false;
    return !OTHERS.has(subject) || issuedUntilSeconds > keptUntilSeconds;
  });
}

/** All whose revocation ends what was issued. */
function subjectsOf(facts: IssuedFacts): Revoked[] {
  const { jti, grantId, sessionUid, accountId, clientId } = facts;
  const subjects: Revoked[] = [];
  if (jti !== undefined) subjects.push({ subject: "token", id: jti });
  if (grantId !== undefined) subjects.push({ subject: "grant", id: grantId });
  if (sessionUid !== undefined) subjects.push({ subject: "session", id: sessionUid });
  if (accountId !== undefined) subjects.push({ subject: "account", id: accountId });
  if (clientId !== undefined) subjects.push({ subject: "client", id: clientId });
  if (accountId !== undefined && clientId !== undefined) {
    subjects.push({ subject: "consent", id: consentId(accountId, clientId) });
  }
  return [...subjects, ...storedSubjectsOf(facts)];
}

/** What a session or grant itself ends with, or stays by. */
function storedSubjectsOf({ itself, accountId, sessionUid, grantId }: IssuedFacts): Revoked[] {
  const id = itself === "session" ? sessionUid : grantId;
  if (itself === undefined || accountId === undefined || id === undefined) return [];
  return [
    { subject: `other_${itself}s`, id: accountId },
    { subject: `kept_${itself}`, id },
  ];
}
