import type { Clock } from "../lib/clock.js";
import type { ModelPayload, ModelRecord } from "../oidc/model-store.js";
import { parseStoredObject } from "./stored-json.js";
import type { ModelRow } from "./tables.js";

/** Where payloads lie, for whoever mends a damaged one. */
export const MODEL_COLUMN = "model.payload";

export type FoundModelColumns = Pick<ModelRow, "payload" | "consumed_at">;

/** What a write sets; consumption is set by `consume` alone. */
export type WrittenModelColumns = Omit<ModelRow, "consumed_at" | "consumed_by">;

/** What a write sets anew in place of an earlier record. */
export const OVERWRITTEN = [
  "payload",
  "grant_id",
  "uid",
  "user_code",
  "account_id",
  "client_id",
  "expires_at",
] as const;

export function toModelRow(record: ModelRecord, clock: Clock): WrittenModelColumns {
  const { model, id, payload, expiresInSeconds } = record;
  return {
    model,
    id,
    payload: JSON.stringify(payload),
    grant_id: model === "Grant" ? id : text(payload["grantId"]),
    // Of a token: the session that it ends with.
    uid: text(payload["uid"] ?? payload["sessionUid"]),
    user_code: text(payload["userCode"]),
    account_id: text(payload["accountId"]),
    client_id: text(payload["clientId"]),
    expires_at: expiresInSeconds === undefined ? null : expiresAt(clock, expiresInSeconds),
  };
}

export function toPayload({
  payload: stored,
  consumed_at: consumed,
}: FoundModelColumns): ModelPayload {
  const payload = parseStoredObject(stored, MODEL_COLUMN);
  return consumed === null ? payload : { ...payload, consumed };
}

/** Counted from the end of the current second, so that no record lives shorter than it was given. */
function expiresAt(clock: Clock, expiresInSeconds: number): number {
  return Math.ceil(clock.nowMs() / 1000) + Math.max(1, Math.ceil(expiresInSeconds));
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
