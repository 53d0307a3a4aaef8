import { readFileSync, statSync } from "node:fs";
import type { z } from "zod";
import { findIntendedName } from "./find-intended-name.js";

/** A JSON file in which operators declare things; what is wrong is told in words that follow its name. */
export type FileReading<Value> =
  | { readonly value: Value; readonly violations?: undefined }
  | { readonly violations: readonly string[] };

/** @param members names of what stands at the top, and of what stands in each of its objects. */
export function readDeclarationFile<Value>(
  path: string,
  schema: z.ZodType<Value>,
  members: { readonly top: readonly string[]; readonly inner: readonly string[] },
): FileReading<Value> {
  const content = readText(path);
  if (content.violation !== undefined) return { violations: [content.violation] };
  const json = parseJson(content.text);
  if (json.violation !== undefined) return { violations: [json.violation] };
  const parsed = schema.safeParse(json.value);
  return parsed.success
    ? { value: parsed.data }
    : { violations: parsed.error.issues.flatMap((issue) => describeIssue(issue, members)) };
}

function describeIssue(
  issue: z.core.$ZodIssue,
  { top, inner }: { readonly top: readonly string[]; readonly inner: readonly string[] },
): string[] {
  const place = issue.path.reduce<string>(
    (before, step) =>
      typeof step === "number" ? `${before}[${step}]` : `${before}${before && "."}${String(step)}`,
    "",
  );
  if (issue.code !== "unrecognized_keys") {
    return [place === "" ? "must hold an object" : `at ${place} ${issue.message}`];
  }
  const known = issue.path.length === 0 ? top : inner;
  return issue.keys.map((key) => {
    const intended = findIntendedName(key, known);
    const hint =
      intended === undefined ? `there are ${[...new Set(known)].join(", ")}` : `${intended} is`;
    return `at ${place === "" ? key : `${place}.${key}`} is no member: ${hint}`;
  });
}

type Reading<Value> = ({ readonly violation?: undefined } & Value) | { readonly violation: string };

/** Only a regular file is read: a pipe could keep the start waiting for ever. */
function readText(path: string): Reading<{ readonly text: string }> {
  try {
    if (!statSync(path).isFile()) return { violation: "names something that is not a file" };
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)) };
  } catch (err) {
    const code = err instanceof Error && "code" in err ? String(err.code) : "unknown error";
    if (code === "ENOENT") return { violation: "names a file that does not exist" };
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return { violation: "is not valid UTF-8" };
    return { violation: `names a file that the user who runs Latchkey cannot read (${code})` };
  }
}

function parseJson(content: string): Reading<{ readonly value: unknown }> {
  try {
    return { value: JSON.parse(content) };
  } catch (err) {
    // The engine says where: by line and column, or by what stands around it.
    const words = err instanceof Error ? err.message.replaceAll(/\s+/g, " ") : "";
    return { violation: `is not valid JSON: ${words}` };
  }
}
