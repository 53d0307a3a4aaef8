import type { Context } from "koa";
import { invalidBody, parseJsonObject, readText } from "./read-body.js";

/** What is to be ended. */
export interface Invalidation {
  readonly session: string | undefined;
  readonly account: string | undefined;
  readonly client: string | undefined;
  /** All of one's own. */
  readonly all: boolean;
  /** With `all`: this one stays. */
  readonly keepCurrent: boolean;
  /** Whether offline access ends, too; undefined: it is for the kind of ending to say. */
  readonly offline: boolean | undefined;
}

const NAMES: ReadonlySet<string> = new Set([
  "session",
  "account",
  "client",
  "all",
  "keep_current",
  "offline",
]);

/**
 * JSON or a form; no body names nothing. A member that is not known is refused, so that nothing else
 * ends than what was meant.
 *
 * @throws LatchkeyError `invalid_request` (400, 413)
 */
export async function parseInvalidation(ctx: Context): Promise<Invalidation> {
  const members = await readMembers(ctx);
  const unknown = Object.keys(members).find((name) => !NAMES.has(name));
  if (unknown !== undefined) throw invalidBody("the body has a member that is not known");
  return {
    session: textOf(members, "session"),
    account: textOf(members, "account"),
    client: textOf(members, "client"),
    all: yesOf(members, "all") ?? false,
    keepCurrent: yesOf(members, "keep_current") ?? false,
    offline: yesOf(members, "offline"),
  };
}

async function readMembers(ctx: Context): Promise<Readonly<Record<string, unknown>>> {
  const isJson = ctx.is("json") === "json";
  if (!isJson && ctx.get("Content-Type") !== "" && ctx.is("urlencoded") !== "urlencoded") {
    throw invalidBody("the body must be application/json or application/x-www-form-urlencoded");
  }
  const text = await readText(ctx.req);
  if (isJson) return parseJsonObject(text);
  const form = [...new URLSearchParams(text)];
  const members = Object.fromEntries(form);
  if (Object.keys(members).length < form.length) {
    throw invalidBody("parameters must not be provided twice");
  }
  return members;
}

function textOf(members: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = members[name];
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw invalidBody(`${name} must be a string`);
}

/** A form has texts alone. */
function yesOf(members: Readonly<Record<string, unknown>>, name: string): boolean | undefined {
  const value = members[name];
  if (value === undefined || typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  throw invalidBody(`${name} must be true or false`);
}
