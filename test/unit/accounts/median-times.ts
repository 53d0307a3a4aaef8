/**
 * Runs the actions in turn, so that what slows the machine down slows all of them.
 * @returns the median time of each in milliseconds.
 */
export async function medianTimesMs<Name extends string>(
  actions: Record<Name, () => Promise<unknown>>,
  rounds = 30,
): Promise<Record<Name, number>> {
  const names = Object.keys(actions) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    number[]
  >;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      const start = performance.now();
      await actions[name]();
      times[name].push(performance.now() - start);
    }
  }
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<
    Name,
    number
  >;
}
