import type { Measurement, Slice } from "./measure.js";

/**
 * One table for each server but the first, which is what the others are compared with: ratios of
 * medians, and beside them the middle half of the ratios of slices that were neighbours in time.
 */
export function formatResults(measurements: readonly Measurement[], baseline: string): string {
  const servers = [...new Set(measurements.map(({ server }) => server))];
  return servers
    .filter((server) => server !== baseline)
    .map((server) => {
      const rows = measurements
        .filter((each) => each.server === server)
        .map((each) => {
          const bare = measurements.find(
            (other) => other.server === baseline && other.operation === each.operation,
          );
          return formatRow(each, bare?.slices ?? []);
        });
      return `${server}, compared with: ${baseline}\n\n${formatTable([HEADINGS, ...rows])}\n`;
    })
    .join("\n");
}

const HEADINGS = [
  "operation",
  "per second",
  "bare",
  "ratio",
  "(middle half)",
  "target",
  "CPU µs",
  "bare",
  "ratio",
  "generator busy",
];

function formatRow({ operation, slices }: Measurement, bare: readonly Slice[]): string[] {
  const perSecond = median(slices.map((slice) => slice.perSecond));
  const barePerSecond = median(bare.map((slice) => slice.perSecond));
  const cpuUs = median(slices.map((slice) => slice.cpuUs));
  const bareCpuUs = median(bare.map((slice) => slice.cpuUs));
  const paired = slices.map((slice, i) => slice.perSecond / (bare[i]?.perSecond ?? Number.NaN));
  const busy = median([...slices, ...bare].map((slice) => slice.generatorShare));
  return [
    operation.name,
    perSecond.toFixed(0),
    barePerSecond.toFixed(0),
    (perSecond / barePerSecond).toFixed(2),
    `${quantile(paired, 0.25).toFixed(2)} to ${quantile(paired, 0.75).toFixed(2)}`,
    `≥ ${operation.target.toFixed(2)}`,
    cpuUs.toFixed(0),
    bareCpuUs.toFixed(0),
    (cpuUs / bareCpuUs).toFixed(2),
    `${(busy * 100).toFixed(0)} %`,
  ];
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_heading, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  "),
    )
    .join("\n");
}

const median = (values: readonly number[]) => quantile(values, 0.5);

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * q), sorted.length - 1)] ?? Number.NaN;
}
