/**
 * The name that a misspelt one most probably means. Case and underscores do not count, and up to
 * a quarter of the letters (at most 3) may be wrong, missing or too many.
 *
 * @returns undefined when `name` is one of `names` or resembles none.
 */
export function findIntendedName<Name extends string>(
  name: string,
  names: readonly Name[],
): Name | undefined {
  if (names.some((known) => known === name)) return undefined;
  const candidates = names
    .map((candidate) => ({ candidate, distance: countEdits(letters(name), letters(candidate)) }))
    .filter(({ candidate, distance }) => distance <= allowedEdits(letters(candidate)))
    .toSorted((left, right) => left.distance - right.distance);
  return candidates[0]?.candidate;
}

function letters(name: string): string {
  return name.toUpperCase().replaceAll("_", "");
}

function allowedEdits(text: string): number {
  return Math.min(3, Math.max(1, Math.floor(text.length / 4)));
}

/** Levenshtein distance. */
function countEdits(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [row, letter] of Array.from(left).entries()) {
    const current = [row + 1];
    for (const [column, other] of Array.from(right).entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      const removed = (previous[column + 1] ?? 0) + 1;
      const inserted = (current[column] ?? 0) + 1;
      current.push(Math.min(replaced, removed, inserted));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
