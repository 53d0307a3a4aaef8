import { LatchkeyError } from "../lib/errors.js";

export interface SettingProblem {
  /** The environment variable, or `.env` when the file itself is wrong. */
  readonly name: string;
  /** Completes the sentence that begins with the name. */
  readonly reason: string;
  /** What was given, quoted; absent when nothing was given or the setting is secret. */
  readonly value?: string;
  /** A line for `.env` that would be right. */
  readonly example: string;
}

/** The configuration cannot be used. Carries every problem at once, none with a secret value. */
export class ConfigurationError extends LatchkeyError {
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    const names = [...new Set(problems.map((problem) => problem.name))].join(", ");
    super("invalid_configuration", `The configuration cannot be used: see ${names}`);
    this.problems = problems;
  }
}

/** All problems for a terminal, in plain text, ending with a line break. */
export function formatProblems(error: ConfigurationError): string {
  const count = error.problems.length === 1 ? "1 problem" : `${error.problems.length} problems`;
  const head = `Latchkey cannot start: ${count} in the configuration (see docs/configuration.md).`;
  return `${[head, ...error.problems.map(formatProblem)].join("\n\n")}\n`;
}

function formatProblem({ name, reason, value, example }: SettingProblem): string {
  const given = value === undefined ? "" : ` (it is ${value})`;
  return `  ${name} ${reason}${given}\n    for example: ${example}`;
}
