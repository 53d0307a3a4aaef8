/** What this run could not test, as a person would say it; see `root-hooks.ts`. */
const missing = new Map<string, string>();

/** Says once for each name that what needs it was not run, and how to get it. */
export function reportMissing(name: string, howToGetIt: string): void {
  missing.set(name, howToGetIt);
}

/** One line, or undefined when nothing was missing. */
export function describeMissing(): string | undefined {
  if (missing.size === 0) return undefined;
  return `Not run: ${[...missing].map(([name, howToGetIt]) => `${name} (${howToGetIt})`).join("; ")}`;
}
