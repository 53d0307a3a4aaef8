import { hash } from "node:crypto";
import type { Cluster, Redis } from "ioredis";
import type {
  ModelPayload,
  ModelRecord,
  ModelStore,
  StoredGrant,
  StoredSession,
} from "../oidc/model-store.js";
import { partitionOf, partitionOfAccount } from "../oidc/partition.js";
import { takesPart } from "../oidc/session-facts.js";
import { decodeRecord, reference, ttlMsOf } from "./redis-record.js";
import type { RunScript } from "./redis-scripts.js";

export interface RedisSessionIndexDeps {
  readonly client: Redis | Cluster;
  readonly run: RunScript;
  readonly rootOf: (partition: string) => string;
}

/** What the Redis store finds by account and by client. */
export interface RedisSessionIndex extends Pick<
  ModelStore,
  "listSessions" | "listGrants" | "listSessionsOfClient"
> {
  join(record: ModelRecord): Promise<void>;
}

/** 16: the sessions of a client that all people use lie on several masters of a Cluster. */
const SHARDS = 16;
/** 200: Redis finds them within a millisecond. */
const PAGE_SIZE = 200;

/**
 * The index of an account lies in its partition. That of a client is spread over `SHARDS` partitions
 * by the session's uid: `client:<client>:<shard>`, a sorted set of uids by the time at which the session
 * ends at the latest. The next write after that sweeps them; the whole key expires with its last.
 */
export function createRedisSessionIndex({
  client,
  run,
  rootOf,
}: RedisSessionIndexDeps): RedisSessionIndex {
  function placeOf(clientId: string, shard: number) {
    const name = `client:${reference(clientId)}:${shard}`;
    return { root: rootOf(partitionOf(hash("sha256", name, "base64url"))), name };
  }

  async function locate(uid: string): Promise<StoredSession[]> {
    const root = rootOf(partitionOf(uid));
    const found = await run("latchkeyLocateSession", root, [reference(uid)]);
    if (!Array.isArray(found)) return [];
    const payload = payloadOf(found[1]);
    return payload === undefined ? [] : [{ id: String(found[0]), payload }];
  }

  async function listOfAccount(
    script: "latchkeyListSessions" | "latchkeyListGrants",
    accountId: string,
  ): Promise<string[]> {
    const root = rootOf(partitionOfAccount(accountId));
    const found = await run(script, root, [reference(accountId)]);
    return Array.isArray(found) ? found.map(String) : [];
  }

  return {
    async join({ payload, joins }) {
      const { uid } = payload;
      if (joins === undefined || typeof uid !== "string") return;
      const ttlMs = ttlMsOf(joins.endsInSeconds);
      await Promise.all(
        joins.clientIds.map((clientId) => {
          const { root, name } = placeOf(clientId, shardOf(uid));
          return run("latchkeyJoin", root, [name, reference(uid), ttlMs]);
        }),
      );
    },

    async listSessions(accountId) {
      const entries = await listOfAccount("latchkeyListSessions", accountId);
      return inGroups(entries, 2).flatMap(([id = "", value]): StoredSession[] => {
        const payload = payloadOf(value);
        return payload === undefined ? [] : [{ id, payload }];
      });
    },

    async listGrants(accountId) {
      const entries = await listOfAccount("latchkeyListGrants", accountId);
      return inGroups(entries, 3).flatMap(([id = "", value, issued]): StoredGrant[] => {
        const payload = payloadOf(value);
        if (payload === undefined) return [];
        return [{ id, payload, lastIssuedAtSeconds: issued === "" ? undefined : Number(issued) }];
      });
    },

    /** From the last to end to the first, so that what is added or swept meanwhile shifts none away. */
    async listSessionsOfClient(clientId, after = "0:0") {
      const place = /^(\d{1,2}):(\d{1,9})$/.exec(after);
      if (place === null) return { sessions: [], next: undefined };
      const [shard = 0, rank = 0] = place.slice(1).map(Number);
      const { root, name } = placeOf(clientId, shard);
      const uids = await client.zrevrange(`${root}:${name}`, rank, rank + PAGE_SIZE - 1);
      const found = await Promise.all(uids.map((uid) => locate(decodeURIComponent(uid))));
      return {
        sessions: found.flat().filter(({ payload }) => takesPart(payload, clientId)),
        next: nextOf(shard, uids.length < PAGE_SIZE ? undefined : rank + PAGE_SIZE),
      };
    },
  };
}

/** @param rank undefined: the shard was read to its end. */
function nextOf(shard: number, rank: number | undefined): string | undefined {
  if (rank !== undefined) return `${shard}:${rank}`;
  return shard + 1 < SHARDS ? `${shard + 1}:0` : undefined;
}

/** By the random part, behind the partition. */
function shardOf(uid: string): number {
  return hash("sha256", uid, "buffer").readUInt8(0) % SHARDS;
}

/** Sessions and grants lie where their account does, and nowhere else. */
function payloadOf(value: unknown): ModelPayload | undefined {
  if (typeof value !== "string") return undefined;
  const decoded = decodeRecord(value);
  return "payload" in decoded ? decoded.payload : undefined;
}

function inGroups(entries: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.floor(entries.length / size) }, (_, index) =>
    entries.slice(index * size, (index + 1) * size),
  );
}
