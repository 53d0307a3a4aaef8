/**
 * What operators do from a terminal. Each command is a function over the composed app that returns
 * what to print; `cli.ts` parses arguments and prints. No command takes a secret as an argument.
 */
import type { App } from "../app.js";
import { LatchkeyError } from "../lib/errors.js";

/** What a command has to say: `text` for people, `data` for `--json`. */
export interface CommandResult {
  readonly text: string;
  readonly data: unknown;
}

/** Runs a command over the composed app, prints what it has to say and closes the app. */
export type WithApp = (command: (app: App) => Promise<CommandResult>) => Promise<void>;

export function notFound(what: string, name: string): LatchkeyError {
  return new LatchkeyError("not_found", `There is no ${what} "${name}".`, { status: 404 });
}

/** RFC 3339, in UTC and to the second. */
export function formatTime(seconds: number | undefined): string {
  return seconds === undefined ? "" : `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** Rows as aligned columns, without trailing spaces. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
