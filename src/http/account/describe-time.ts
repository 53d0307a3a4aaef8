const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "always" });
/** Where the person is nobody knows; a day is exact enough. */
const DATE = new Intl.DateTimeFormat("en", { dateStyle: "long", timeZone: "UTC" });

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 14 days: beyond that, people look for a date. */
const LONGEST_RELATIVE = 14 * DAY;

/** "just now", "3 hours ago", "12 March 2026": when something was, for a person. */
export function describeTime(atSeconds: number, nowSeconds: number): string {
  const age = nowSeconds - atSeconds;
  if (age < 2 * MINUTE) return "just now";
  if (age < HOUR) return RELATIVE.format(-Math.floor(age / MINUTE), "minute");
  if (age < DAY) return RELATIVE.format(-Math.floor(age / HOUR), "hour");
  if (age < LONGEST_RELATIVE) return RELATIVE.format(-Math.floor(age / DAY), "day");
  return `on ${DATE.format(atSeconds * 1000)}`;
}
