import type { IncomingMessage } from "node:http";
import type { Context } from "koa";
import { LatchkeyError } from "../lib/errors.js";

/** 56 KiB: the library's limit for its own endpoints. */
const MAX_BODY_BYTES = 56 * 1024;

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
    throw invalid("the body must be application/x-www-form-urlencoded or application/json");
  }
  const text = await readText(ctx.req);
  return isJson ? parseJson(text) : new URLSearchParams(text);
}

async function readText(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk);
    receivedBytes += bytes.length;
    if (receivedBytes > MAX_BODY_BYTES) throw invalid("the body is too large", 413);
    chunks.push(bytes);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw invalid("the body is not UTF-8", 400, cause);
  }
}

function parseJson(text: string): URLSearchParams {
  const object = parseObject(text);
  // The parser keeps the last of several members of one name, and says nothing.
  if (countNames(text) > Object.keys(object).length) {
    throw invalid("parameters must not be provided twice");
  }
  const parameters = new URLSearchParams();
  for (const [name, given] of Object.entries(object)) {
    for (const value of Array.isArray(given) ? given : [given]) {
      if (typeof value !== "string") throw invalid("parameters must be strings");
      parameters.append(name, value);
    }
  }
  return parameters;
}

function parseObject(text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw invalid("the body is not JSON", 400, cause);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw invalid("the body must be a JSON object");
  }
  return parsed;
}

/** Strings of a JSON text that a colon follows. */
function countNames(json: string): number {
  const strings = json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g);
  return Array.from(strings).filter(([, colon]) => colon !== undefined).length;
}

function invalid(message: string, status = 400, cause?: unknown): LatchkeyError {
  return new LatchkeyError("invalid_request", message, { status, cause });
}
