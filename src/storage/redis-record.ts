import { LatchkeyError } from "../lib/errors.js";
import type { ModelPayload, ModelRecord } from "../oidc/model-store.js";
import { parseStoredObject } from "./stored-json.js";

/**
 * How a record lies in Redis: a line of references, then its JSON. Scripts read the line
 * (`redis-scripts.ts`), so that they need not parse the JSON.
 *
 *   1 <grant> <session uid> <uid> <account> <user code> <consumed at> <attempt>
 *
 * `-` stands for what a record does not have. `1 > <partition>` alone: the record lies there, under
 * the same id. The first field is the version of all this; a server refuses a later one.
 */
export interface RecordReferences {
  readonly grant: string;
  /** Of the session that the record ends with. */
  readonly sessionUid: string;
  readonly uid: string;
  readonly account: string;
  readonly userCode: string;
}

export const NO_REFERENCE = "-";

const COLUMN = "the Redis keys of models";

/** A record that was found, or where to look for it. */
export type DecodedRecord = { readonly payload: ModelPayload } | { readonly forwardedTo: string };

/** @throws LatchkeyError `record_unreadable` */
export function decodeRecord(value: string): DecodedRecord {
  const end = value.indexOf("\n");
  const [version, first, ...rest] = value.slice(0, end).split(" ");
  if (version !== "1" || first === undefined) throw unknownEncoding();
  if (first === ">") return { forwardedTo: rest[0] ?? "" };
  const payload = parseStoredObject(value.slice(end + 1), COLUMN);
  const consumedAt = rest[4];
  return {
    payload:
      consumedAt === undefined || consumedAt === NO_REFERENCE
        ? payload
        : { ...payload, consumed: Number(consumedAt) },
  };
}

export function unknownEncoding(cause?: unknown): LatchkeyError {
  const message = "A record in Redis has an encoding that this version does not know.";
  return new LatchkeyError("record_unreadable", message, { cause });
}

export function referencesOf({ model, payload }: ModelRecord): RecordReferences {
  return {
    grant: model === "Grant" ? NO_REFERENCE : reference(payload["grantId"]),
    sessionUid:
      payload["expiresWithSession"] === true ? reference(payload["sessionUid"]) : NO_REFERENCE,
    uid: model === "Session" ? reference(payload["uid"]) : NO_REFERENCE,
    account:
      model === "Session" || model === "Grant" ? reference(payload["accountId"]) : NO_REFERENCE,
    userCode: model === "DeviceCode" ? reference(payload["userCode"]) : NO_REFERENCE,
  };
}

/** The value of a record that nobody has consumed. */
export function encodeNewRecord(record: ModelRecord, attempt: string): string {
  const { grant, sessionUid, uid, account, userCode } = referencesOf(record);
  const line = ["1", grant, sessionUid, uid, account, userCode, NO_REFERENCE, attempt].join(" ");
  return `${line}\n${JSON.stringify(record.payload)}`;
}

/** No lifetime is shorter than a second, and none is without end unless asked for. */
export function ttlMsOf(expiresInSeconds: number | undefined): string {
  return expiresInSeconds === undefined
    ? ""
    : String(Math.max(1, Math.ceil(expiresInSeconds)) * 1000);
}

/** Without spaces and line ends, which separate references; ids that this server makes have none. */
export function reference(value: unknown): string {
  return typeof value === "string" && value !== "" ? encodeURIComponent(value) : NO_REFERENCE;
}
