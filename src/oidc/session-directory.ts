import type { ClientStore } from "../clients/client-store.js";
import type { SessionIdOf } from "./id-at-rest.js";
import type { IsEnded } from "./is-ended.js";
import type { Lifetimes } from "./lifetimes.js";
import type { ModelStore, StoredSession } from "./model-store.js";
import type { ModelValues } from "./model-values.js";
import { readSession, type SessionFacts } from "./session-facts.js";

/** A live session, as it may be told to whoever it belongs to, and to administrators. */
export interface SessionSummary {
  /** Its public name, which opens nothing; `sid` of JWT access tokens that end with it. */
  readonly handle: string;
  readonly accountId: string;
  /** Of the last sign-in (`auth_time`). */
  readonly signedInAtSeconds: number;
  /** When it was last at the authorization endpoint. */
  readonly lastSeenAtSeconds: number;
  /** When it ends unless it is used, and when it ends however often it is. */
  readonly idleEndsAtSeconds: number;
  readonly endsAtSeconds: number;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  /** /24 or /48 of the address; see `device-facts.ts`. */
  readonly network: string | undefined;
  readonly userAgent: string | undefined;
  readonly clients: readonly SummarizedClient[];
}

export interface SummarizedClient {
  readonly clientId: string;
  readonly name: string;
  /** It keeps its access when the session ends, unless that is to end, too. */
  readonly outlivesSession: boolean;
}

/** Finds live sessions. Never one that has ended or expired, wherever it may still lie. */
export interface SessionDirectory {
  /** The one seen last comes first. */
  listSessions(accountId: string): Promise<SessionFacts[]>;
  /** A page of those that a client takes part in; `ModelStore.listSessionsOfClient`. */
  listSessionsOfClient(
    clientId: string,
    after?: string,
  ): Promise<{ sessions: SessionFacts[]; next: string | undefined }>;
  /** @returns undefined for any handle that names no live session. */
  findByHandle(handle: string): Promise<SessionFacts | undefined>;
  findByUid(uid: string): Promise<SessionFacts | undefined>;
  /**
   * Also one that has ended and still lies there, since whoever ended it was cut short: ending it again
   * does what was left.
   */
  findToEnd(handle: string): Promise<SessionFacts | undefined>;
  handleOf(session: Pick<SessionFacts, "uid">): string;
  summarize(session: SessionFacts): Promise<SessionSummary>;
}

export interface SessionDirectoryDeps {
  readonly models: Pick<ModelStore, "listSessions" | "listSessionsOfClient" | "findSessionByUid">;
  readonly clients: Pick<ClientStore, "find">;
  readonly values: Pick<ModelValues, "veil" | "unveil">;
  readonly isEnded: Pick<IsEnded, "session">;
  readonly sessionIdOf: SessionIdOf;
  readonly settings: Pick<Lifetimes, "sessionAbsoluteSeconds">;
}

export function createSessionDirectory(deps: SessionDirectoryDeps): SessionDirectory {
  const { models, clients, values, isEnded, sessionIdOf, settings } = deps;

  async function readLive(stored: StoredSession): Promise<SessionFacts[]> {
    const session = readSession(stored);
    return session === undefined || (await isEnded.session(stored.payload)) ? [] : [session];
  }

  async function findStored(uid: string): Promise<StoredSession | undefined> {
    const payload = await models.findSessionByUid(uid);
    const id = payload && sessionIdOf(payload);
    return payload === undefined || id === undefined ? undefined : { id, payload };
  }

  async function findByUid(uid: string): Promise<SessionFacts | undefined> {
    const stored = await findStored(uid);
    return stored && (await readLive(stored))[0];
  }

  async function nameOf(clientId: string): Promise<string> {
    const { client_name: name }: Record<string, unknown> =
      (await clients.find(clientId))?.metadata ?? {};
    return typeof name === "string" && name !== "" ? name : clientId;
  }

  return {
    async listSessions(accountId) {
      const stored = await models.listSessions(accountId);
      const live = (await Promise.all(stored.map(readLive))).flat();
      return live.toSorted((a, b) => b.lastSeenAtSeconds - a.lastSeenAtSeconds);
    },
    async listSessionsOfClient(clientId, after) {
      const { sessions, next } = await models.listSessionsOfClient(clientId, after);
      return { sessions: (await Promise.all(sessions.map(readLive))).flat(), next };
    },
    findByUid,
    async findByHandle(handle) {
      // What was not veiled here unveils to something, too: to what nobody can have.
      return HANDLE.test(handle) ? findByUid(values.unveil(handle)) : undefined;
    },
    async findToEnd(handle) {
      const stored = HANDLE.test(handle) ? await findStored(values.unveil(handle)) : undefined;
      return stored && readSession(stored);
    },
    handleOf: ({ uid }) => values.veil(uid),
    async summarize(session) {
      const { accountId, signedInAtSeconds, lastSeenAtSeconds, expiresAtSeconds } = session;
      const { acr, amr, network, userAgent } = session;
      return {
        handle: values.veil(session.uid),
        accountId,
        signedInAtSeconds,
        lastSeenAtSeconds,
        idleEndsAtSeconds: expiresAtSeconds,
        endsAtSeconds: signedInAtSeconds + settings.sessionAbsoluteSeconds,
        acr,
        amr,
        network,
        userAgent,
        clients: await Promise.all(
          session.clients.map(async ({ clientId, outlivesSession }) => {
            return { clientId, name: await nameOf(clientId), outlivesSession };
          }),
        ),
      };
    },
  };
}

/** Anything else names nothing, and no store is asked for it. */
const HANDLE = /^[\w-]{30,100}$/;
