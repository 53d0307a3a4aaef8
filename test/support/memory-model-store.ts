import type { Clock } from "../../src/lib/clock.js";
import type { ModelPayload, ModelRecord, ModelStore } from "../../src/oidc/model-store.js";
import { grantIdOfSession } from "../../src/oidc/session-grant.js";
import { takesPart } from "../../src/oidc/session-facts.js";
import { userCodeTaken } from "../../src/storage/user-code-taken.js";

const ISSUED: ReadonlySet<string> = new Set(["AuthorizationCode", "AccessToken", "RefreshToken"]);

interface Kept {
  readonly record: ModelRecord;
  readonly json: string;
  readonly expiresAtSeconds: number;
  readonly order: number;
  readonly withdrawn?: string;
  readonly consumed?: { readonly atSeconds: number; readonly attempt: string };
}

/** The plainest store that keeps the contract, in one process: what the real ones are held against. */
export function createMemoryModelStore({ clock }: { readonly clock: Clock }): ModelStore & {
  damage(model: string, id: string, json: string): void;
} {
  const kept = new Map<string, Kept>();
  const joined = new Set<string>();
  let order = 0;
  const nameOf = (model: string, id: string) => `${model}:${id}`;

  function live(name: string): Kept | undefined {
    const found = kept.get(name);
    if (found !== undefined && found.expiresAtSeconds > clock.nowSeconds()) return found;
    kept.delete(name);
    return undefined;
  }

  const all = () => [...kept.keys()].flatMap((name) => live(name) ?? []);

  function read(found: Kept | undefined): ModelPayload | undefined {
    if (found === undefined) return undefined;
    const payload = parse(found.json);
    const { consumed } = found;
    return consumed === undefined ? payload : { ...payload, consumed: consumed.atSeconds };
  }

  function write(record: ModelRecord): void {
    const { model, id, payload, expiresInSeconds = Infinity, replaces, joins } = record;
    if (replaces !== undefined) kept.delete(nameOf(model, replaces));
    for (const clientId of joins?.clientIds ?? [])
      joined.add(`${clientId} ${String(payload["uid"])}`);
    const before = live(nameOf(model, id));
    kept.set(nameOf(model, id), {
      record,
      json: JSON.stringify(payload),
      expiresAtSeconds: clock.nowSeconds() + Math.max(1, expiresInSeconds),
      order: order++,
      ...(before?.consumed === undefined ? {} : { consumed: before.consumed }),
    });
  }

  const findGrant = (grantId: unknown) =>
    typeof grantId === "string" ? read(live(nameOf("Grant", grantId))) : undefined;

  const lastSession = (uid: unknown) =>
    read(
      all()
        .filter(({ record }) => record.model === "Session" && record.payload["uid"] === uid)
        .toSorted((a, b) => b.order - a.order)[0],
    );

  const store: ModelStore = {
    async upsert(...[model, id, payload, expiresInSeconds]) {
      await store.upsertTogether([{ model, id, payload, expiresInSeconds }]);
    },
    async upsertTogether(records) {
      for (const { model, follows } of records) {
        if (follows === undefined) continue;
        const followed = read(live(nameOf(model, follows.id)));
        if (followed?.["revision"] !== follows.revision) return false;
      }
      for (const { id, payload } of records) {
        const { userCode } = payload;
        const holder = all().find(
          ({ record }) => userCode !== undefined && record.payload["userCode"] === userCode,
        );
        if (holder !== undefined && holder.record.id !== id) throw userCodeTaken();
      }
      for (const record of records) write(record);
      return true;
    },
    async insertOnce(...[model, id, payload, expiresInSeconds]) {
      if (live(nameOf(model, id)) !== undefined) return false;
      write({ model, id, payload, expiresInSeconds });
      return true;
    },
    find: async (model, id) => read(live(nameOf(model, id))),
    async findFamily(model, id, clientId = "") {
      const record = read(live(nameOf(model, id)));
      if (record === undefined) return undefined;
      const grantId = model === "Session" ? grantIdOfSession(record, clientId) : record["grantId"];
      const session =
        record["expiresWithSession"] === true ? lastSession(record["sessionUid"]) : undefined;
      return { record, grant: findGrant(grantId), session };
    },
    findSessionByUid: async (uid) => lastSession(uid),
    findDeviceCodeByUserCode: async (userCode) =>
      read(
        all().find(
          ({ record }) => record.model === "DeviceCode" && record.payload["userCode"] === userCode,
        ),
      ),
    async listSessions(accountId) {
      return all()
        .filter(
          ({ record }) => record.model === "Session" && record.payload["accountId"] === accountId,
        )
        .map((found) => ({ id: found.record.id, payload: read(found) ?? {} }));
    },
    async listGrants(accountId) {
      return all()
        .filter(
          ({ record }) => record.model === "Grant" && record.payload["accountId"] === accountId,
        )
        .map((found) => {
          const { id } = found.record;
          const issued = all()
            .filter(({ record }) => record.payload["grantId"] === id)
            .flatMap(({ record }) => {
              const { iat } = record.payload;
              return typeof iat === "number" && ISSUED.has(record.model) ? [iat] : [];
            });
          const lastIssuedAtSeconds = issued.length === 0 ? undefined : Math.max(...issued);
          return { id, payload: read(found) ?? {}, lastIssuedAtSeconds };
        });
    },
    async listSessionsOfClient(clientId) {
      const sessions = all()
        .filter(
          ({ record }) =>
            record.model === "Session" &&
            joined.has(`${clientId} ${String(record.payload["uid"])}`),
        )
        .map((found) => ({ id: found.record.id, payload: read(found) ?? {} }))
        .filter(({ payload }) => takesPart(payload, clientId));
      return { sessions, next: undefined };
    },
    async consume({ model, id, attempt, issued = [] }) {
      const name = nameOf(model, id);
      const found = live(name);
      if (found === undefined) return false;
      if (found.consumed === undefined && found.withdrawn === attempt) return false;
      if (found.consumed === undefined || found.consumed.attempt === attempt) {
        kept.set(name, {
          ...found,
          consumed: found.consumed ?? { atSeconds: clock.nowSeconds(), attempt },
        });
        for (const record of issued) write(record);
        return true;
      }
      const { grantId } = found.record.payload;
      if (typeof grantId === "string") {
        await store.revokeByGrantId(grantId);
        await store.destroy("Grant", grantId);
      }
      return false;
    },
    async withdraw({ model, id, attempt, issued = [] }) {
      const found = live(nameOf(model, id));
      if (found === undefined || (found.consumed ?? { attempt }).attempt !== attempt) return;
      const { consumed: _consumed, ...rest } = found;
      kept.set(nameOf(model, id), { ...rest, withdrawn: attempt });
      for (const record of issued) kept.delete(nameOf(record.model, record.id));
    },
    async destroy(model, id) {
      kept.delete(nameOf(model, id));
    },
    async revokeByGrantId(grantId) {
      for (const { record } of all()) {
        if (record.payload["grantId"] === grantId) kept.delete(nameOf(record.model, record.id));
      }
    },
  };

  return {
    ...store,
    damage(model, id, json) {
      const found = live(nameOf(model, id));
      if (found !== undefined) kept.set(nameOf(model, id), { ...found, json });
    },
  };
}

function parse(json: string): ModelPayload {
  const value: unknown = orUndefined(() => JSON.parse(json));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as ModelPayload;
  }
  throw Object.assign(new Error("a damaged record"), { code: "record_unreadable" });
}

function orUndefined(work: () => unknown): unknown {
  try {
    return work();
  } catch {
    return undefined;
  }
}
