import type { AdapterPayload } from "oidc-provider";
import type { Sealer } from "../lib/seal.js";
import { ID_NOT_OPENED } from "./id-at-rest.js";
import type { ModelName, ModelPayload } from "./model-store.js";
import type { ModelValues } from "./model-values.js";

/** Between what the library keeps and what may lie in a store. */
export interface StoredPayloads {
  /** Without the secret that identifies the record, and with other records' secrets sealed. */
  store(id: string, payload: AdapterPayload): ModelPayload;
  /** The reverse, for a record found by its id. */
  restore(id: string, payload: ModelPayload): AdapterPayload;
  /**
   * For a record found by another key, which opens its id; that of a session stays closed.
   * @returns undefined when it does not open.
   */
  reopen(key: string, payload: ModelPayload): AdapterPayload | undefined;
}

/**
 * Members that name another record or are too short to be hashed; sealed where they are stored. The
 * grant of an interaction is no secret, but stores delete by it, and an interaction must outlive the
 * grant of the person who is signed out in the middle of it for somebody else.
 */
const SEALED: Partial<Record<ModelName, readonly string[]>> = {
  Interaction: ["parJti", "deviceCode", "grantId"],
  DeviceCode: ["userCode"],
};

/** Sessions and device codes are also found by this key, which opens their id. */
const OTHER_KEY: Partial<Record<ModelName, string>> = { Session: "uid", DeviceCode: "userCode" };

/** Where a sealed member is kept: not under the name that stores index. */
const sealedName = (member: string) => `sealed_${member}`;

export function createStoredPayloads(
  model: ModelName,
  { sealer, values }: { readonly sealer: Sealer; readonly values: ModelValues },
): StoredPayloads {
  const sealed = SEALED[model] ?? [];
  const otherKey = OTHER_KEY[model];

  /** In place: what a store finds is the caller's own. Of it the library takes what it knows by name. */
  function restore(id: string, payload: ModelPayload): AdapterPayload {
    for (const member of sealed) {
      const value = payload[sealedName(member)];
      delete payload[sealedName(member)];
      if (typeof value === "string") payload[member] = sealer.open(value, id);
    }
    return Object.assign(payload, { jti: id });
  }

  return {
    restore,
    store(id, payload) {
      const { jti: _jti, ...rest } = payload;
      const stored: ModelPayload = rest;
      if (otherKey !== undefined) stored["sealedId"] = sealer.seal(id, String(payload[otherKey]));
      for (const member of sealed) {
        const value = stored[member];
        delete stored[member];
        if (typeof value === "string") stored[sealedName(member)] = sealer.seal(value, id);
      }
      if (model === "DeviceCode")
        stored["userCode"] = values.userCodeAtRest(String(payload.userCode), id);
      if (model === "Interaction") stored["session"] = withoutCookie(stored["session"]);
      return stored;
    },
    reopen(key, payload) {
      if (model === "Session") return restore(ID_NOT_OPENED, payload);
      const id = sealer.open(String(payload["sealedId"]), key);
      return id === undefined ? undefined : restore(id, payload);
    },
  };
}

function withoutCookie(session: unknown): unknown {
  if (typeof session !== "object" || session === null) return session;
  const { cookie: _cookie, ...rest }: { cookie?: unknown } = session;
  return rest;
}
