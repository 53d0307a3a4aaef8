import { toAccountId } from "../accounts/account.js";
import type { ClaimedEnding, EndingReason, EndingStore } from "../sessions/ending-store.js";
import { parseConsentId } from "../tokens/revocation-store.js";
import type { ClearSessions } from "./clear-sessions.js";
import type { EndAccess } from "./end-access.js";
import type { EndOthers } from "./end-others.js";
import type { ModelStore, StoredGrant } from "./model-store.js";
import { grantsOf, readSession, type SessionFacts } from "./session-facts.js";
import type { SessionDirectory } from "./session-directory.js";

export interface EndedSession {
  readonly handle: string;
  readonly accountId: string;
  /** Clients that took part in it; those that registered where, are told. */
  readonly clients: readonly string[];
}

export interface EndOptions {
  readonly reason: EndingReason;
  /** Offline access ends as well (OpenID Connect Core §11); else it stays with its clients. */
  readonly includingOffline: boolean;
}

export interface EndAllOptions extends EndOptions {
  /** This one stays, with its grants. */
  readonly except?: SessionFacts | undefined;
}

/**
 * Whatever ends sessions goes through here. A session ends with the grants, codes and tokens of its
 * clients, and each client is told (decision 0020). When a call has returned, all of it is true at every
 * node. One that fails has ended some of it, or none: doing it again completes it.
 */
export interface EndSessions {
  endSession(session: SessionFacts, options: EndOptions): Promise<EndedSession>;
  /** @returns undefined when it has ended already. */
  endByUid(uid: string, options: EndOptions): Promise<EndedSession | undefined>;
  endAllOfAccount(accountId: string, options: EndAllOptions): Promise<EndedSession[]>;
  /**
   * Ends the part that a client has in anybody's sessions, and all its grants and tokens. Sessions go
   * on at other clients. Clearing up goes on after the call has returned.
   */
  endAllOfClient(clientId: string, reason: EndingReason): Promise<void>;
  /** Ends what one person allowed one client, and forgets it. */
  withdrawApp(accountId: string, clientId: string, reason: EndingReason): Promise<void>;
  /** Does what an ending that is true already has left to be done. */
  complete(ending: ClaimedEnding): Promise<EndedSession[]>;
}

export interface EndSessionsDeps {
  readonly sessionDirectory: Pick<SessionDirectory, "listSessions" | "findByUid" | "handleOf">;
  readonly clearSessions: ClearSessions;
  readonly endAccess: EndAccess;
  readonly endOthers: EndOthers;
  readonly endings: Pick<EndingStore, "finish">;
  readonly models: Pick<ModelStore, "listSessions" | "listGrants" | "listSessionsOfClient">;
}

/** 30 s: then another process completes what this one has begun. */
const LEASE_SECONDS = 30;

export function createEndSessions(deps: EndSessionsDeps): EndSessions {
  const { sessionDirectory, clearSessions, endAccess, endOthers, endings, models } = deps;

  const toEnded = (session: SessionFacts): EndedSession => ({
    handle: sessionDirectory.handleOf(session),
    accountId: session.accountId,
    clients: session.clients.map(({ clientId }) => clientId),
  });

  async function listEnded(accountId: string, { endedUntilSeconds }: ClaimedEnding) {
    const [sessions, grants] = await Promise.all([
      models.listSessions(accountId),
      models.listGrants(accountId),
    ]);
    return {
      sessions: sessions
        .flatMap((stored) => readSession(stored) ?? [])
        .filter(({ signedInAtSeconds }) => signedInAtSeconds <= endedUntilSeconds),
      grants: grants.filter(({ payload }) => Number(payload["iat"] ?? 0) <= endedUntilSeconds),
    };
  }

  async function completeAccount(ending: ClaimedEnding): Promise<EndedSession[]> {
    const { sessions, grants } = await listEnded(ending.id, ending);
    const { reason } = ending;
    const byTime = new Set(grants.map(({ id }) => id));
    // Of sign-ins that were under way: they began before the ending, and their grants after it.
    const late = sessions.flatMap((session) => grantsOf(session, true));
    const includingOffline = true;
    const grantIds = late.filter((id) => !byTime.has(id));
    await clearSessions.clear({ sessions: [], grantIds, includingOffline, reason });
    const all = { sessions, grantIds: [...byTime], includingOffline, reason };
    await clearSessions.clear({ ...all, isRevoked: true });
    return sessions.map(toEnded);
  }

  async function completeConsent(ending: ClaimedEnding): Promise<void> {
    const { accountId, clientId } = parseConsentId(ending.id);
    const { grants } = await listEnded(accountId, ending);
    const own = grants.filter(({ payload }) => payload["clientId"] === clientId);
    const ended = new Set(own.map(({ id }) => id));
    const sessions = (await sessionDirectory.listSessions(accountId)).filter(({ clients }) =>
      clients.some((each) => each.clientId === clientId && ended.has(each.grantId ?? "")),
    );
    const { reason } = ending;
    await clearSessions.clearClient(clientId, {
      sessions,
      grantIds: [...ended],
      includingOffline: true,
      reason,
      isRevoked: true,
    });
  }

  /** Offline grants that no session knows any more are refused, and expire where they are. */
  async function completeClient(ending: ClaimedEnding): Promise<void> {
    const { id: clientId, reason, endedUntilSeconds } = ending;
    let after: string | undefined;
    do {
      const page = await models.listSessionsOfClient(clientId, after);
      const read = page.sessions.flatMap((stored) => readSession(stored) ?? []);
      const parts = await Promise.all(
        read.map(async (session) => {
          const grantId = session.clients.find((each) => each.clientId === clientId)?.grantId;
          const grants = await models.listGrants(session.accountId);
          const grant = grants.find(({ id }) => id === grantId);
          return { session, grant };
        }),
      );
      const ended = parts.filter(({ grant }) => isFrom(grant, endedUntilSeconds));
      await clearSessions.clearClient(clientId, {
        sessions: ended.map(({ session }) => session),
        grantIds: ended.flatMap(({ grant }) => grant?.id ?? []),
        includingOffline: true,
        reason,
        isRevoked: true,
      });
      after = page.next;
    } while (after !== undefined);
  }

  async function complete(ending: ClaimedEnding): Promise<EndedSession[]> {
    let ended: EndedSession[] = [];
    if (ending.subject === "account") ended = await completeAccount(ending);
    else if (ending.subject === "consent") await completeConsent(ending);
    else await completeClient(ending);
    await endings.finish(ending);
    return ended;
  }

  async function endSession(
    session: SessionFacts,
    { reason, includingOffline }: EndOptions,
  ): Promise<EndedSession> {
    const grantIds = grantsOf(session, includingOffline);
    await clearSessions.clear({ sessions: [session], grantIds, includingOffline, reason });
    return toEnded(session);
  }

  return {
    complete,
    endSession,
    async endByUid(uid, options) {
      const session = await sessionDirectory.findByUid(uid);
      return session === undefined ? undefined : endSession(session, options);
    },
    async endAllOfAccount(accountId, options) {
      const { reason, includingOffline, except } = options;
      if (except !== undefined || !includingOffline) {
        return (await endOthers(accountId, options)).map(toEnded);
      }
      const leaseSeconds = LEASE_SECONDS;
      return complete(await endAccess.ofAccount(toAccountId(accountId), { reason, leaseSeconds }));
    },
    async endAllOfClient(clientId, reason) {
      await endAccess.ofClient(clientId, { reason });
    },
    async withdrawApp(accountId, clientId, reason) {
      const options = { reason, leaseSeconds: LEASE_SECONDS };
      await complete(await endAccess.ofConsent(toAccountId(accountId), clientId, options));
    },
  };
}

/** One that is gone already was from before, too. */
function isFrom(grant: StoredGrant | undefined, untilSeconds: number): boolean {
  return grant === undefined || Number(grant.payload["iat"] ?? 0) <= untilSeconds;
}
