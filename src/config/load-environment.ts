import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { SettingProblem } from "./configuration-error.js";
import { findIntendedName } from "./find-intended-name.js";
import { exampleOfSecretFile, secretFileNames } from "./secret-file.js";
import { exampleOf, settingList } from "./settings.js";

export interface LoadedEnvironment {
  readonly environment: Record<string, string | undefined>;
  /** What is wrong with `.env`, for `loadConfig` to report with the rest. */
  readonly problems: readonly SettingProblem[];
}

/**
 * Adds `<cwd>/.env`, if there is one, to the environment of the process. A variable that the
 * process already has wins, even when it is empty.
 *
 * Node alone calls an unreadable file "not found", skips lines that it does not understand and
 * replaces bytes that are no UTF-8, so the file is checked first.
 */
export function loadEnvironment(cwd: string): LoadedEnvironment {
  const path = join(cwd, ".env");
  let text: string | undefined;
  try {
    text = readIfPresent(path);
  } catch (error) {
    return { environment: { ...process.env }, problems: [describeFailure(path, error)] };
  }
  if (text === undefined) return { environment: { ...process.env }, problems: [] };
  process.loadEnvFile(path);
  return {
    environment: { ...process.env },
    problems: [...findBadLines(text), ...findMisspellings(Object.keys(parseEnv(text)))],
  };
}

/** A dangling link is present, and so fails to be read. */
function readIfPresent(path: string): string | undefined {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
}

function describeFailure(path: string, error: unknown): SettingProblem {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return fileProblem(
    code === "ERR_ENCODING_INVALID_ENCODED_DATA"
      ? `at ${path} is not valid UTF-8`
      : `at ${path} exists but cannot be read (${code})`,
  );
}

/** NAME=value with a value that opens and closes the same quote, perhaps some lines later. */
const QUOTED =
  /^[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*[ \t]*=[ \t]*(["'`])(?:(?!\1)[^])*\1[ \t]*(?:#.*)?$/gm;
const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*[ \t]*=[ \t]*(?![ \t"'`])/;
const BLANK_OR_COMMENT = /^[ \t]*(?:#.*)?$/;

/** Lines are named by number: what stands in them may be a secret. */
function findBadLines(text: string): SettingProblem[] {
  const withoutQuoted = text
    .replaceAll("\r\n", "\n")
    .replaceAll(QUOTED, (lines) => lines.replaceAll(/[^\n]/g, ""));
  return withoutQuoted
    .split("\n")
    .flatMap((line, index) =>
      BLANK_OR_COMMENT.test(line) || (ASSIGNMENT.test(line) && !line.includes("\0"))
        ? []
        : [fileProblem(`line ${index + 1} is not NAME=value with its quotes closed`)],
    );
}

function findMisspellings(names: readonly string[]): SettingProblem[] {
  const examples = new Map<string, string>([
    ...settingList.map(([name]) => [name, exampleOf(name)] as const),
    ...secretFileNames.map((name) => [name, exampleOfSecretFile(name)] as const),
  ]);
  return names.flatMap((name) => {
    const intended = findIntendedName(name, [...examples.keys()]);
    const example = intended === undefined ? undefined : examples.get(intended);
    if (example === undefined) return [];
    return [{ name, reason: `in .env is no setting: ${intended} is`, example }];
  });
}

function fileProblem(reason: string): SettingProblem {
  return { name: ".env", reason, example: exampleOf("PORT") };
}
