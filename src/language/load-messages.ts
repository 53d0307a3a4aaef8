import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mapLanguages, type Language } from "./languages.js";
import { isSurelyPattern } from "./is-surely-pattern.js";
import { parsePattern } from "./pattern.js";

/** Patterns of a language by their full keys. */
export type Patterns = ReadonlyMap<string, string>;

/**
 * The messages of every language, from `<directory>/<language>/<area>.json`.
 *
 * @throws with every problem at once: a file that is no flat object of strings, a pattern that does
 * not parse, a key that a language lacks.
 */
export function loadMessages(directory: string): Readonly<Record<Language, Patterns>> {
  const problems: string[] = [];
  const all = mapLanguages((language) => readLanguage(directory, language, problems));
  if (problems.length === 0) problems.push(...findGaps(all));
  if (problems.length > 0) {
    throw new Error(`messages in ${directory} cannot be used:\n${problems.join("\n")}`);
  }
  return all;
}

function readLanguage(directory: string, language: Language, problems: string[]): Patterns {
  const patterns = new Map<string, string>();
  for (const file of readdirSync(join(directory, language)).toSorted()) {
    if (!file.endsWith(".json")) continue;
    const area = file.slice(0, -".json".length);
    try {
      for (const [name, pattern] of readArea(join(directory, language, file))) {
        if (!isSurelyPattern(pattern)) parsePattern(pattern);
        patterns.set(`${area}.${name}`, pattern);
      }
    } catch (error) {
      problems.push(
        `${language}/${file}: ${String(error instanceof Error ? error.message : error)}`,
      );
    }
  }
  return patterns;
}

function readArea(path: string): [string, string][] {
  const content: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new Error("is no object");
  }
  return Object.entries(content).map(([name, pattern]): [string, string] => {
    if (typeof pattern !== "string" || pattern === "") throw new Error(`"${name}" is no text`);
    return [name, pattern];
  });
}

function findGaps(all: Readonly<Record<Language, Patterns>>): string[] {
  const keys = new Set(Object.values(all).flatMap((patterns) => [...patterns.keys()]));
  return Object.entries(all).flatMap(([language, patterns]) =>
    [...keys].filter((key) => !patterns.has(key)).map((key) => `${language} has no "${key}"`),
  );
}
