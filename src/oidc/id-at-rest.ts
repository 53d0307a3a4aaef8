import { hash } from "node:crypto";
import type { Sealer } from "../lib/seal.js";
import { MODEL_RULES } from "./model-rules.js";
import type { ModelName, ModelPayload } from "./model-store.js";
import type { ModelValues } from "./model-values.js";

/**
 * In place of the id of a session that was found by its uid. The library only looks at such a
 * session, and opening its id would cost every use of a token more than all else that we do for it.
 */
export const ID_NOT_OPENED = "id not opened";

/** @returns what makes the id of a record of the value that opens it, as `MODEL_RULES` says. */
export function createIdAtRest(model: ModelName, values: ModelValues): (value: string) => string {
  const { id: kind } = MODEL_RULES[model];
  if (kind === "plain") return (value) => value;
  if (kind === "hash") return sha256;
  return (value) => {
    if (value === ID_NOT_OPENED)
      throw new TypeError("a session found by its uid was to be changed");
    return values.partitionOf(value) + sha256(value);
  };
}

export type SessionIdOf = (session: ModelPayload) => string | undefined;

/** @returns what finds the id of a stored session in itself. */
export function createSessionIdOf({
  sealer,
  values,
}: {
  readonly sealer: Sealer;
  readonly values: ModelValues;
}): SessionIdOf {
  const atRest = createIdAtRest("Session", values);
  return ({ sealedId, uid }) => {
    const value = sealer.open(String(sealedId), String(uid));
    return value === undefined ? undefined : atRest(value);
  };
}

function sha256(value: string): string {
  return hash("sha256", value, "base64url");
}
