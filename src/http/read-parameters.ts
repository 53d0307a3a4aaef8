import type { Context } from "koa";
import { invalidBody, parseJsonObject, readText } from "./read-body.js";

/**
 * The parameters of a request in a form or in a flat JSON object, whose values are strings, or
 * arrays of strings for what may be sent more than once. Repeated ones stay repeated: whoever takes
 * them decides (RFC 6749 §3.2).
 *
 * @throws LatchkeyError `invalid_request` (400, 413)
 */
export async function readParameters(ctx: Context): Promise<URLSearchParams> {
  const isJson = ctx.is("json") === "json";
  if (!isJson && ctx.get("Content-Type") !== "" && ctx.is("urlencoded") !== "urlencoded") {
    throw invalidBody("the body must be application/x-www-form-urlencoded or application/json");
  }
  const text = await readText(ctx.req);
  return isJson ? parseJson(text) : new URLSearchParams(text);
}

function parseJson(text: string): URLSearchParams {
  const object = parseJsonObject(text);
  // The parser keeps the last of several members of one name, and says nothing.
  if (countNames(text) > Object.keys(object).length) {
    throw invalidBody("parameters must not be provided twice");
  }
  const parameters = new URLSearchParams();
  for (const [name, given] of Object.entries(object)) {
    for (const value of Array.isArray(given) ? given : [given]) {
      if (typeof value !== "string") throw invalidBody("parameters must be strings");
      parameters.append(name, value);
    }
  }
  return parameters;
}

/** Strings of a JSON text that a colon follows. */
function countNames(json: string): number {
  const strings = json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g);
  return Array.from(strings).filter(([, colon]) => colon !== undefined).length;
}
