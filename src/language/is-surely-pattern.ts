/** Stands for a part that has been seen, and is part of no syntax. */
const SEEN = "\0";
const ARGUMENT = /\{(\w+)(?:, number)?\}/g;
const CHOICE = /\{(\w+), (plural|select),((?: (?:=\d+|[a-z_]+) \{[^{}<>']*\})+)\}/g;
const BRANCH = / (=\d+|[a-z_]+) \{[^{}]*\}/g;
const PLURAL_SELECTOR = /^(?:=\d+|zero|one|two|few|many|other)$/;
const TAG = /<(\/?)([a-z][a-z0-9-]*)>/g;
const SYNTAX = /[{}<>'\0]/;

/**
 * Whether the parser would take it (`parsePattern`), told of the usual patterns in a fraction of its
 * time: words, values, tags around them, and a plural or choice whose branches have no tags.
 *
 * @returns false for all others, sound or not: only the parser can tell.
 */
export function isSurelyPattern(pattern: string): boolean {
  if (!SYNTAX.test(pattern)) return true;
  if (pattern.includes(SEEN)) return false;
  const names = new Set<string>();
  const withoutValues = pattern
    .replaceAll(ARGUMENT, (_whole, name: string) => {
      names.add(name);
      return SEEN;
    })
    // oxlint-disable-next-line max-params -- as String.replaceAll calls it
    .replaceAll(CHOICE, (whole, name: string, kind: string, branches: string) => {
      names.add(name);
      return areBranchesSound(kind, branches) ? SEEN : whole;
    });
  const words = withoutValues.replaceAll(TAG, SEEN).replaceAll(SEEN, "");
  return !SYNTAX.test(words) && areTagsPaired(withoutValues, names);
}

function areBranchesSound(kind: string, branches: string): boolean {
  const selectors = Array.from(branches.matchAll(BRANCH), ([, selector = ""]) => selector);
  const isKnown = (selector: string) => kind === "select" || PLURAL_SELECTOR.test(selector);
  return (
    selectors.includes("other") &&
    selectors.every(isKnown) &&
    new Set(selectors).size === selectors.length
  );
}

/** Each is closed by its own, and none is called as a value is. */
function areTagsPaired(pattern: string, valueNames: ReadonlySet<string>): boolean {
  const open: string[] = [];
  for (const [, slash, name = ""] of pattern.matchAll(TAG)) {
    if (valueNames.has(name)) return false;
    if (slash === "") open.push(name);
    else if (open.pop() !== name) return false;
  }
  return open.length === 0;
}
