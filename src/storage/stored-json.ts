import { LatchkeyError } from "../lib/errors.js";

/**
 * The JSON object that a column holds, as a fresh plain object.
 *
 * @param column where it was read, for the operator. What it holds is not told: it may be secret.
 * @throws LatchkeyError `record_unreadable`
 */
export function parseStoredObject(json: string, column: string): Record<string, unknown> {
  const value = parseJson(json);
  if (isObject(value)) return value;
  throw new LatchkeyError("record_unreadable", `A record of ${column} is not a JSON object.`);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
