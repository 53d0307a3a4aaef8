import type { IncomingMessage } from "node:http";
import type { Context } from "koa";
import { LatchkeyError } from "../lib/errors.js";

/** 56 KiB: the library's limit for its own endpoints. */
const MAX_BODY_BYTES = 56 * 1024;

/** @throws LatchkeyError `invalid_request` (400, 413) when it is too large or not UTF-8. */
export async function readText(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk);
    receivedBytes += bytes.length;
    if (receivedBytes > MAX_BODY_BYTES) throw invalidBody("the body is too large", 413);
    chunks.push(bytes);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw invalidBody("the body is not UTF-8", 400, cause);
  }
}

/** @throws LatchkeyError `invalid_request` (400, 413, 415) for anything but a JSON object. */
export async function readJsonObject(ctx: Context): Promise<Readonly<Record<string, unknown>>> {
  if (ctx.is("json") !== "json") throw invalidBody("the body must be application/json", 415);
  return parseJsonObject(await readText(ctx.req));
}

/** @throws LatchkeyError `invalid_request` (400) */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw invalidBody("the body is not JSON", 400, cause);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw invalidBody("the body must be a JSON object");
  }
  return { ...parsed };
}

export function invalidBody(message: string, status = 400, cause?: unknown): LatchkeyError {
  return new LatchkeyError("invalid_request", message, { status, cause });
}
