import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Test files run in processes of their own; mocha's first process names the list for all of them. */
const LIST = (process.env["TEST_MISSING_LIST"] ??= join(
  tmpdir(),
  `latchkey-missing-${process.pid}`,
));

/** Says once for each name, at the end of the run, that what needs it was not run, and how to get it. */
export function reportMissing(name: string, howToGetIt: string): void {
  appendFileSync(LIST, `${name} (${howToGetIt})\n`);
}

/** What this run could not test, in one line, and forgets it; undefined when nothing was missing. */
export function describeMissing(): string | undefined {
  if (!existsSync(LIST)) return undefined;
  const missing = new Set(readFileSync(LIST, "utf8").trim().split("\n"));
  rmSync(LIST);
  return `Not run: ${[...missing].join("; ")}`;
}
