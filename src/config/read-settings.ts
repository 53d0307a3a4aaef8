import type { z } from "zod";
import type { SettingProblem } from "./configuration-error.js";
import { exampleOfSecretFile, loadSecretFile, secretFileNameOf } from "./secret-file.js";
import type { Setting } from "./setting.js";
import { settingRules } from "./setting-rules.js";
import { exampleOf, settingList, type SettingName, type SettingValues } from "./settings.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingsReading {
  /** Holds what the types promise only where `problems` is empty. */
  readonly values: SettingValues;
  readonly problems: readonly SettingProblem[];
}

const MAX_SHOWN_CHARACTERS = 100;

/**
 * Parses each setting on its own, then applies the rules among those that could be parsed. A secret
 * setting may be in a file that `<name>_FILE` names.
 */
export function readSettings(environment: Environment): SettingsReading {
  const parsed: Partial<Record<SettingName, unknown>> = {};
  const problems: SettingProblem[] = [];
  const unreadable = new Set<SettingName>();
  const refuse = (name: SettingName, problem: SettingProblem) => {
    unreadable.add(name);
    problems.push(problem);
  };
  for (const [name, setting] of settingList) {
    const { text = setting.default, problem } = findGiven(name, setting, environment);
    if (problem !== undefined) refuse(name, problem);
    if (problem !== undefined || text === undefined) continue;
    const result = setting.type.safeParse(text);
    if (result.success) parsed[name] = result.data;
    else refuse(name, describeRefusal(name, setting, { text, error: result.error }));
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value was made by the very type that SettingValues derives its own from
  const values = parsed as SettingValues;
  return { values, problems: [...problems, ...findBrokenRules(values, unreadable)] };
}

interface Given {
  readonly text?: string;
  readonly problem?: SettingProblem;
}

function findGiven(name: SettingName, setting: Setting, environment: Environment): Given {
  const text = environment[name];
  const fileName = secretFileNameOf(name);
  const path = setting.secret === true ? environment[fileName] : undefined;
  if (!path) return text ? { text } : {};
  const reading = text
    ? { violation: `must not be given beside ${name}: give one of the two` }
    : loadSecretFile(path);
  if (reading.violation === undefined) return reading;
  const example = exampleOfSecretFile(fileName);
  return { problem: { name: fileName, reason: reading.violation, example } };
}

function describeRefusal(
  name: SettingName,
  setting: Setting,
  { text, error }: { text: string; error: z.ZodError },
): SettingProblem {
  const reason = error.issues.map((issue) => issue.message).join("; ");
  const example = exampleOf(name);
  return setting.secret === true
    ? { name, reason, example }
    : { name, reason, example, value: quote(text) };
}

function findBrokenRules(
  values: SettingValues,
  unreadable: ReadonlySet<SettingName>,
): SettingProblem[] {
  return settingRules
    .filter(({ reads }) => !reads.some((name) => unreadable.has(name)))
    .flatMap(({ name, findViolation }) => {
      const reason = findViolation(values);
      return reason === undefined ? [] : [{ name, reason, example: exampleOf(name) }];
    });
}

/** JSON quoting makes line breaks and control characters visible; credentials in URLs are hidden. */
function quote(text: string): string {
  const safe = text.replace(/\/\/.*@/s, "//…@");
  const tooLong = safe.length > MAX_SHOWN_CHARACTERS;
  return JSON.stringify(tooLong ? `${safe.slice(0, MAX_SHOWN_CHARACTERS)}…` : safe);
}
