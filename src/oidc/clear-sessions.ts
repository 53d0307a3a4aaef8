import { errors, type Client, type Provider } from "oidc-provider";
import type { Audit } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import type { EndingReason } from "../sessions/ending-store.js";
import type { Revoked } from "../tokens/revocation-store.js";
import type { Revocations } from "../tokens/revocations.js";
import type { BackchannelLogout } from "./backchannel-logout.js";
import type { ChangeSession } from "./change-session.js";
import type { SessionIdOf } from "./id-at-rest.js";
import type { ModelStore } from "./model-store.js";
import { grantsOf, readSession, takesPart, type SessionFacts } from "./session-facts.js";

/** What is to be deleted, and whose clients are to be told. */
export interface Clearing {
  readonly sessions: readonly SessionFacts[];
  readonly grantIds: readonly string[];
  /** Grants that outlive their session end as well. */
  readonly includingOffline: boolean;
  readonly reason: EndingReason;
  /** A revocation covers all of it already. */
  readonly isRevoked?: boolean;
}

/**
 * The steps that every ending is made of. Each leaves what it could not finish where it is found again,
 * and may be done twice: first what only SQL holds (the clients to be told, the revocations), then the
 * grants with all that hangs on them, then the sessions.
 */
export interface ClearSessions {
  clear(clearing: Clearing): Promise<void>;
  /** The same for the part that one client has in sessions; they go on without it. */
  clearClient(clientId: string, clearing: Clearing): Promise<void>;
}

export interface ClearSessionsDeps {
  readonly provider: Provider;
  readonly models: Pick<ModelStore, "destroy" | "revokeByGrantId" | "findSessionByUid">;
  readonly changeSession: ChangeSession;
  readonly backchannelLogout: Pick<BackchannelLogout, "enqueueLogout">;
  readonly revocations: Pick<Revocations, "revoke">;
  readonly sessionIdOf: SessionIdOf;
  readonly clock: Clock;
  readonly audit: Audit;
}

/** 50: some milliseconds of both stores, so that other requests get their turn. */
const BATCH_SIZE = 50;
/** Of requests that write the session at the same time, one gets through each time. */
const MAX_TRIES = 50;

export function createClearSessions(deps: ClearSessionsDeps): ClearSessions {
  const { provider, models, changeSession, backchannelLogout, revocations } = deps;
  const { sessionIdOf, clock, audit } = deps;

  async function findClient(clientId: string): Promise<Client | undefined> {
    try {
      return await provider.Client.find(clientId);
    } catch (err) {
      // Registered before a rule that it breaks; the library passes it by as well.
      if (err instanceof errors.InvalidClient) return undefined;
      throw err;
    }
  }

  /** @param clientId the only one to be told; undefined: all. */
  async function tellClients(sessions: readonly SessionFacts[], clientId?: string): Promise<void> {
    const parts = sessions.flatMap(({ accountId, clients }) =>
      clients
        .filter((each) => clientId === undefined || each.clientId === clientId)
        .flatMap((each) => (each.sid === undefined ? [] : [{ ...each, accountId, sid: each.sid }])),
    );
    const ids = [...new Set(parts.map((part) => part.clientId))];
    const found = new Map(
      await Promise.all(ids.map(async (id) => [id, await findClient(id)] as const)),
    );
    await backchannelLogout.enqueueLogout(
      parts.flatMap((part) => {
        const client = found.get(part.clientId);
        return client === undefined ? [] : [{ client, accountId: part.accountId, sid: part.sid }];
      }),
    );
  }

  async function revoke(revoked: readonly Revoked[], isRevoked = false): Promise<void> {
    if (!isRevoked) await revocations.revoke(revoked);
  }

  /**
   * What requests have added to the sessions until their end was recorded; what is added from then on
   * is refused (`refuse-late.ts`).
   */
  async function findLate(sessions: readonly SessionFacts[]): Promise<SessionFacts[]> {
    const late: SessionFacts[] = [];
    for (const batch of batches(sessions)) {
      const found = await Promise.all(
        batch.map(async (session) => {
          const payload = await models.findSessionByUid(session.uid);
          const now = payload && readSession({ id: session.id, payload });
          const clients = (now?.clients ?? []).filter(
            ({ clientId, grantId }) =>
              !session.clients.some(
                (known) => known.clientId === clientId && known.grantId === grantId,
              ),
          );
          return clients.length === 0 ? [] : [{ ...session, clients }];
        }),
      );
      late.push(...found.flat());
    }
    return late;
  }

  async function endLate(sessions: readonly SessionFacts[], includingOffline: boolean) {
    const late = await findLate(sessions);
    const grantIds = late.flatMap((session) => grantsOf(session, includingOffline));
    for (const batch of batches(late)) await tellClients(batch);
    await revoke(grantIds.map((id) => ({ subject: "grant" as const, id })));
    await deleteGrants(grantIds);
  }

  async function deleteGrants(grantIds: readonly string[]): Promise<void> {
    for (const batch of batches(grantIds)) {
      await Promise.all(
        batch.map(async (grantId) => {
          await models.revokeByGrantId(grantId);
          await models.destroy("Grant", grantId);
        }),
      );
    }
  }

  /** Also what another request has replaced it by meanwhile. */
  async function deleteSession({ id, uid }: SessionFacts): Promise<void> {
    await models.destroy("Session", id);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const successor = await models.findSessionByUid(uid);
      const successorId = successor && sessionIdOf(successor);
      if (successorId === undefined) return;
      await models.destroy("Session", successorId);
    }
  }

  async function forgetClient({ uid }: SessionFacts, clientId: string): Promise<void> {
    await changeSession(uid, (payload) => {
      if (!takesPart(payload, clientId)) return undefined;
      const { [clientId]: _forgotten, ...authorizations } = Object(payload["authorizations"]);
      const expiresInSeconds = Number(payload["exp"]) - clock.nowSeconds();
      return { payload: { ...payload, authorizations }, expiresInSeconds };
    });
  }

  return {
    async clear({ sessions, grantIds, includingOffline, reason, isRevoked }) {
      for (const batch of batches(sessions)) await tellClients(batch);
      await revoke(
        [
          ...sessions.map(({ uid }) => ({ subject: "session" as const, id: uid })),
          ...grantIds.map((id) => ({ subject: "grant" as const, id })),
        ],
        isRevoked,
      );
      if (isRevoked !== true) await endLate(sessions, includingOffline);
      await deleteGrants(grantIds);
      for (const batch of batches(sessions)) await Promise.all(batch.map(deleteSession));
      for (const { accountId, clients } of sessions) {
        const clientIds = clients.map(({ clientId }) => clientId);
        audit({ event: "session.ended", outcome: "success", accountId, reason, clientIds });
      }
    },

    async clearClient(clientId, { sessions, grantIds, reason, isRevoked }) {
      for (const batch of batches(sessions)) await tellClients(batch, clientId);
      await revoke(
        grantIds.map((id) => ({ subject: "grant" as const, id })),
        isRevoked,
      );
      await deleteGrants(grantIds);
      for (const batch of batches(sessions)) {
        await Promise.all(batch.map((session) => forgetClient(session, clientId)));
      }
      for (const { accountId } of sessions) {
        audit({ event: "session.left", outcome: "success", accountId, clientId, reason });
      }
    },
  };
}

function batches<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / BATCH_SIZE) }, (_, index) =>
    items.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE),
  );
}
