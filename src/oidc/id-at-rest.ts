import { hash } from "node:crypto";
import type { Sealer } from "../lib/seal.js";
import { MODEL_RULES } from "./model-rules.js";
import type { ModelName, ModelPayload } from "./model-store.js";
import type { ModelValues } from "./model-values.js";

/** @returns what makes the id of a record of the value that opens it, as `MODEL_RULES` says. */
export function createIdAtRest(model: ModelName, values: ModelValues): (value: string) => string {
  const { id: kind } = MODEL_RULES[model];
  if (kind === "plain") return (value) => value;
  if (kind === "hash") return sha256;
  return (value) => values.partitionOf(value) + sha256(value);
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
