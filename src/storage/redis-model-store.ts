import { randomUUID } from "node:crypto";
import type { Clock } from "../lib/clock.js";
import type { ModelPayload, ModelRecord, ModelStore } from "../oidc/model-store.js";
import { partitionOf } from "../oidc/partition.js";
import type { RedisConnection } from "./open-redis.js";
import {
  decodeRecord,
  encodeNewRecord,
  NO_REFERENCE,
  reference,
  referencesOf,
  ttlMsOf,
} from "./redis-record.js";
import { REDIS_SCRIPTS } from "./redis-lua.js";
import { prepareScripts, type RunScript } from "./redis-scripts.js";
import { createRedisSessionIndex } from "./redis-session-index.js";
import { reportRedisOutages } from "./report-redis-outages.js";

type MaybePromise<Value> = Value | Promise<Value>;

export interface RedisModelStoreDeps {
  readonly redis: Pick<RedisConnection, "client" | "keyPrefix">;
  /** Dates consumption. Expiry is judged by Redis, so by one clock for all nodes. */
  readonly clock: Clock;
}

/**
 * The library's models in Redis 7 or Valkey, alone or as a Cluster. Keys are
 * `<prefix>:{<partition>}:<model>:<id>`: what belongs to one account hashes to one slot, so that one
 * script can change it in one step, and accounts spread over all masters.
 *
 * Every call is one round trip, save those for a device code whose grant is of another partition
 * than itself: it lies with its grant from its approval on, and its own place tells so.
 */
export function createRedisModelStore({ redis, clock }: RedisModelStoreDeps): ModelStore {
  const { client, keyPrefix } = redis;
  const run: RunScript = prepareScripts(client, REDIS_SCRIPTS);
  const rootOf = (partition: string) => `${keyPrefix}:{${partition}}`;
  const sessionIndex = createRedisSessionIndex({ client, run, rootOf });

  async function readAt(partition: string, name: string): Promise<ModelPayload | undefined> {
    return read(await client.get(`${rootOf(partition)}:${name}`), name);
  }

  function read(value: unknown, name: string): MaybePromise<ModelPayload | undefined> {
    if (typeof value !== "string") return undefined;
    const found = decodeRecord(value);
    return "payload" in found ? found.payload : readAt(found.forwardedTo, name);
  }

  async function upsertTogether(records: readonly ModelRecord[]): Promise<boolean> {
    const [first] = records;
    if (first === undefined) return true;
    const home = homeOf(first);
    // First: found too early, it is not there yet; found too late, it would live unseen.
    for (const record of records) await sessionIndex.join(record);
    const settled = records.map((record) => (isAbroad(record) ? withoutUserCode(record) : record));
    const args = [...followedBy(records), ...settled.flatMap(toArguments)];
    if ((await run("latchkeyWrite", rootOf(home), args)) !== 1) return false;
    await Promise.all(records.filter(isAbroad).map((record) => forward(record, home)));
    return true;
  }

  /** After it was written there: until now it was found where it was. */
  async function forward(record: ModelRecord, partition: string): Promise<void> {
    const { model, id, expiresInSeconds } = record;
    const ttlMs = ttlMsOf(expiresInSeconds);
    const { userCode } = referencesOf(record);
    const place = rootOf(partitionOf(id));
    const moved = await run("latchkeyForward", place, [model, id, partition, ttlMs, userCode]);
    if (moved !== 1) await run("latchkeyDestroy", rootOf(partition), [model, id]);
  }

  return reportRedisOutages<ModelStore>({
    upsertTogether,
    async upsert(...[model, id, payload, expiresInSeconds]) {
      await upsertTogether([{ model, id, payload, expiresInSeconds }]);
    },

    async insertOnce(...[model, id, payload, expiresInSeconds]) {
      const attempt = randomUUID();
      const value = encodeNewRecord({ model, id, payload, expiresInSeconds }, attempt);
      const ttlMs = ttlMsOf(expiresInSeconds);
      const args = [nameOf(model, id), attempt, ttlMs, value];
      return (await run("latchkeyInsertOnce", rootOf(partitionOf(id)), args)) === 1;
    },

    find: (model, id) => readAt(partitionOf(id), nameOf(model, id)),

    async findFamily(model, id, clientId = "") {
      const name = nameOf(model, id);
      const values = await run("latchkeyFindFamily", rootOf(partitionOf(id)), [name, clientId]);
      if (!Array.isArray(values)) return undefined;
      const record = await read(values[0], name);
      if (record === undefined) return undefined;
      // Where the record is, they are: neither is ever elsewhere.
      const [grant, session] = [await read(values[1], name), await read(values[2], name)];
      return { record, grant, session };
    },

    async findSessionByUid(uid) {
      const value = await run("latchkeyFindSession", rootOf(partitionOf(uid)), [reference(uid)]);
      return read(value, "Session");
    },

    async findDeviceCodeByUserCode(userCode) {
      const root = rootOf(partitionOf(userCode));
      const found = await run("latchkeyFindDeviceCode", root, [reference(userCode)]);
      if (!Array.isArray(found)) return undefined;
      return read(found[1], nameOf("DeviceCode", String(found[0])));
    },

    listSessions: sessionIndex.listSessions,
    listGrants: sessionIndex.listGrants,
    listSessionsOfClient: sessionIndex.listSessionsOfClient,

    async consume({ model, id, attempt, issued = [] }) {
      const seconds = String(clock.nowSeconds());
      const args = [nameOf(model, id), reference(attempt), seconds, ...issued.flatMap(toArguments)];
      const outcome = await run("latchkeyConsume", rootOf(partitionOf(id)), args);
      if (typeof outcome !== "string") return outcome === 1;
      return (await run("latchkeyConsume", rootOf(outcome.slice(1)), args)) === 1;
    },

    async withdraw({ model, id, attempt, issued = [] }) {
      const names = issued.flatMap((record) => [record.model, record.id]);
      const args = [nameOf(model, id), reference(attempt), ...names];
      const elsewhere = await run("latchkeyWithdraw", rootOf(partitionOf(id)), args);
      if (typeof elsewhere === "string") await run("latchkeyWithdraw", rootOf(elsewhere), args);
    },

    async destroy(model, id) {
      const elsewhere = await run("latchkeyDestroy", rootOf(partitionOf(id)), [model, id]);
      if (typeof elsewhere === "string") {
        await run("latchkeyDestroy", rootOf(elsewhere), [model, id]);
      }
    },

    async revokeByGrantId(grantId) {
      await run("latchkeyEndGrant", rootOf(partitionOf(grantId)), [reference(grantId)]);
    },
  });
}

function nameOf(model: string, id: string): string {
  return `${model}:${id}`;
}

/** Where a record lies: with its grant, whose revocation must reach it. */
function homeOf({ model, id, payload }: ModelRecord): string {
  const grantId = model === "Grant" ? undefined : payload["grantId"];
  return partitionOf(typeof grantId === "string" ? grantId : id);
}

function isAbroad(record: ModelRecord): boolean {
  return homeOf(record) !== partitionOf(record.id);
}

/** A user code leads to where the device code began. */
function withoutUserCode(record: ModelRecord): ModelRecord & { readonly unnamed: true } {
  return { ...record, unnamed: true };
}

/** Name and revision of what must be there, or empty. */
function followedBy(records: readonly ModelRecord[]): [string, string] {
  for (const { model, follows } of records) {
    if (follows !== undefined) return [nameOf(model, follows.id), follows.revision];
  }
  return ["", ""];
}

/** In the order that `record_at` of the scripts reads. */
function toArguments(record: ModelRecord & { readonly unnamed?: true }): string[] {
  const { grant, sessionUid, uid, account, userCode } = referencesOf(record);
  return [
    record.model,
    record.id,
    ttlMsOf(record.expiresInSeconds),
    record.replaces ?? "",
    grant,
    sessionUid,
    uid,
    account,
    record.unnamed === true ? NO_REFERENCE : userCode,
    JSON.stringify(record.payload),
  ];
}
