/** Whether two samples come from one distribution, as far as can be told. */
export interface TwoSampleResult {
  /** Mann-Whitney: z of U, corrected for ties; p of both sides. Sees a shift. */
  readonly mannWhitney: { readonly z: number; readonly p: number };
  /** Kolmogorov-Smirnov: largest distance of the two distribution functions. Sees a shape. */
  readonly kolmogorovSmirnov: { readonly d: number; readonly p: number };
}

/** Both by their large-sample approximations: give 30 values of each at least. */
export function compareSamples(a: readonly number[], b: readonly number[]): TwoSampleResult {
  return { mannWhitney: mannWhitney(a, b), kolmogorovSmirnov: kolmogorovSmirnov(a, b) };
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

function mannWhitney(a: readonly number[], b: readonly number[]) {
  const all = [
    ...a.map((value) => ({ value, isA: true })),
    ...b.map((value) => ({ value, isA: false })),
  ];
  all.sort((one, other) => one.value - other.value);
  const total = all.length;
  let rankSum = 0;
  let ties = 0;
  for (let start = 0; start < total;) {
    let end = start;
    while (end < total && all[end]?.value === all[start]?.value) end += 1;
    const same = end - start;
    const ofA = all.slice(start, end).filter(({ isA }) => isA).length;
    rankSum += ofA * ((start + 1 + end) / 2);
    ties += same ** 3 - same;
    start = end;
  }
  const u = rankSum - (a.length * (a.length + 1)) / 2;
  const mean = (a.length * b.length) / 2;
  const variance = ((a.length * b.length) / 12) * (total + 1 - ties / (total * (total - 1)));
  const z = variance === 0 ? 0 : (u - mean) / Math.sqrt(variance);
  return { z, p: 2 * (1 - normal(Math.abs(z))) };
}

function kolmogorovSmirnov(a: readonly number[], b: readonly number[]) {
  const below = (values: readonly number[], limit: number) =>
    values.filter((value) => value <= limit).length / values.length;
  const d = Math.max(...[...a, ...b].map((limit) => Math.abs(below(a, limit) - below(b, limit))));
  const size = (a.length * b.length) / (a.length + b.length);
  const lambda = (Math.sqrt(size) + 0.12 + 0.11 / Math.sqrt(size)) * d;
  let p = 0;
  for (let k = 1; k <= 100; k++) p += 2 * (-1) ** (k - 1) * Math.exp(-2 * k ** 2 * lambda ** 2);
  return { d, p: lambda < 0.2 ? 1 : Math.min(1, Math.max(0, p)) };
}

/** Distribution function of the standard normal, by Abramowitz and Stegun 7.1.26. */
function normal(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return 1 - 0.5 * series * Math.exp(-x * x);
}
