const INSTANT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: "UTC",
});
const RELATIVE = new Intl.RelativeTimeFormat("en");

const UNITS = [
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3600 },
  { unit: "minute", seconds: 60 },
  { unit: "second", seconds: 1 },
] as const;

/** A day has 24 h, an hour 60 min; from two of a unit on, the unit is used. */
const LEAST_OF_UNIT = 2;

/** "22 November 2026 at 17:40:05 UTC, in 59 minutes" */
export function describeInstant(seconds: number, nowSeconds: number): string {
  const instant = new Date(seconds * 1000);
  if (Number.isNaN(instant.getTime())) return "This is not a time.";
  return `${INSTANT.format(instant)} UTC, ${describeDistance(seconds, nowSeconds)}`;
}

/** "in 59 minutes", "12 seconds ago", "now" */
export function describeDistance(seconds: number, nowSeconds: number): string {
  const distance = seconds - nowSeconds;
  const found = UNITS.find((each) => Math.abs(distance) >= LEAST_OF_UNIT * each.seconds);
  if (found === undefined) return distance === 0 ? "now" : RELATIVE.format(distance, "second");
  return RELATIVE.format(Math.trunc(distance / found.seconds), found.unit);
}
