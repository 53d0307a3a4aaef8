import type { Context } from "koa";
import { LatchkeyError } from "../lib/errors.js";

/** 56 KiB: the library's limit for its own endpoints. */
const MAX_BODY = "56kb";

const OPTIONS = {
  multipart: false,
  json: false,
  text: false,
  urlencoded: true,
  formLimit: MAX_BODY,
  queryString: { depth: 0, parameterLimit: 100 },
  onError: (err: Error) => {
    throw new LatchkeyError("invalid_request", "The form could not be read.", {
      status: "status" in err && err.status === 413 ? 413 : 400,
      cause: err,
    });
  },
};

/**
 * The fields of a posted form. Repeated and structured fields are dropped: every field of ours is
 * one string. @throws LatchkeyError `invalid_request` (400, 413) when the body is not such a form.
 */
export async function readForm(ctx: Context): Promise<Readonly<Record<string, string>>> {
  // Loaded with the first form: it brings parsers that an idle server has no use for.
  const { koaBody } = await import("koa-body");
  await koaBody(OPTIONS)(ctx, () => Promise.resolve());
  const body: unknown = ctx.request.body;
  if (typeof body !== "object" || body === null) return {};
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
