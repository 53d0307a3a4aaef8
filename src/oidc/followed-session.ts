import type { SessionIdOf } from "./id-at-rest.js";
import { mergeSession } from "./merge-session.js";
import type { ModelPayload, ModelRecord, ModelStore, StoredSession } from "./model-store.js";
import { sessionEnded } from "./refuse-late.js";
import { readClients } from "./session-facts.js";

/**
 * The session that a request has read and writes anew. A browser sends several requests at once, and
 * each writes the whole session: none may undo what another did, nor bring back one that has ended.
 */
export interface FollowedSession {
  /** The request has read this. */
  noteRead(id: string, payload: ModelPayload): void;
  /** The record, to be written only while its session is as the request knows it. */
  follow(record: ModelRecord): ModelRecord;
  /** Clients of this session that were not in it when the request read it. */
  joiningClients(payload: ModelPayload): string[];
  /** Grants of this session that it did not have when the request read it. */
  joiningGrants(payload: ModelPayload): string[];
  /** What `follow` gave was written. */
  noteWritten(): void;
  /** What `follow` gave last was not written, as far as is known. */
  isUnwritten(): boolean;
  /**
   * For a record that could not be written: the same, made from the session as it is now.
   * @returns undefined when it was written all the same, and only the answer was lost.
   * @throws `login_required` when the session has ended.
   */
  rebase(record: ModelRecord): Promise<ModelRecord | undefined>;
  /** The uid of what was read under this id; undefined when nobody has signed in there. */
  findSignedInUid(id: string): string | undefined;
  /** For one that was just destroyed: also ends what another request has replaced it by. */
  destroySuccessor(id: string): Promise<void>;
}

interface KnownSession {
  readonly id: string;
  readonly revision: unknown;
  /** The library changes what it has read in place. */
  readonly json: string;
}

export interface FollowedSessionDeps {
  readonly models: Pick<ModelStore, "findSessionByUid" | "destroy">;
  readonly sessionIdOf: SessionIdOf;
}

/** Differs from every revision: what the library knows is not what lies in the store. */
const OUTDATED = "";

export function createFollowedSession({
  models,
  sessionIdOf,
}: FollowedSessionDeps): FollowedSession {
  let known: KnownSession | undefined;
  let next: KnownSession | undefined;

  /** What this session is by now. */
  async function findCurrent({ uid }: ModelPayload): Promise<StoredSession | undefined> {
    const payload = await models.findSessionByUid(String(uid));
    if (payload === undefined) return undefined;
    const id = sessionIdOf(payload);
    return id === undefined ? undefined : { id, payload };
  }

  return {
    noteRead(id, payload) {
      known = { id, revision: payload["revision"], json: JSON.stringify(payload) };
    },

    follow(record) {
      const { id, payload, replaces } = record;
      next = { id, revision: payload["revision"], json: JSON.stringify(payload) };
      // Before a sign-in it holds nothing that another request would miss.
      if (known === undefined || typeof payload["accountId"] !== "string") return record;
      const { id: knownId, revision } = known;
      if ((knownId !== id && knownId !== replaces) || typeof revision !== "string") return record;
      return { ...record, follows: { id: knownId, revision } };
    },

    joiningClients(payload) {
      const before = parse(known?.json ?? "{}");
      const isSame = before["uid"] === payload["uid"];
      const members = new Set(isSame ? readClients(before).map(({ clientId }) => clientId) : []);
      return readClients(payload)
        .map(({ clientId }) => clientId)
        .filter((clientId) => !members.has(clientId));
    },

    joiningGrants(payload) {
      const before = parse(known?.json ?? "{}");
      const held = new Set(before["uid"] === payload["uid"] ? grantIdsOf(before) : []);
      return grantIdsOf(payload).filter((grantId) => !held.has(grantId));
    },

    noteWritten() {
      known = next ?? known;
      next = undefined;
    },

    isUnwritten: () => next !== undefined,

    async rebase(record) {
      const current = await findCurrent(record.payload);
      if (current === undefined) throw sessionEnded();
      const { id, payload: theirs } = current;
      if (theirs["revision"] === record.payload["revision"]) return undefined;
      const payload = mergeSession({
        base: parse(known?.json ?? "{}"),
        ours: parse(JSON.stringify(record.payload)),
        theirs,
      });
      known = { id, revision: theirs["revision"], json: JSON.stringify(theirs) };
      if (next !== undefined) next = { ...next, revision: OUTDATED };
      return {
        ...record,
        payload,
        replaces: id === record.id ? record.replaces : id,
        follows: { id, revision: String(theirs["revision"]) },
      };
    },

    findSignedInUid(id) {
      if (known?.id !== id) return undefined;
      const { uid, accountId } = parse(known.json);
      return typeof accountId === "string" && typeof uid === "string" ? uid : undefined;
    },

    async destroySuccessor(id) {
      if (known?.id !== id) return;
      const payload = parse(known.json);
      // Before a sign-in, two requests make two sessions of it.
      if (payload["accountId"] === undefined) return;
      const successor = await findCurrent(payload);
      if (successor !== undefined) await models.destroy("Session", successor.id);
    },
  };
}

function parse(json: string): ModelPayload {
  const payload: ModelPayload = JSON.parse(json);
  return payload;
}

function grantIdsOf(payload: ModelPayload): string[] {
  return readClients(payload).flatMap(({ grantId }) => grantId ?? []);
}
