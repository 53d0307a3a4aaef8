import { message, type Message } from "../../lib/message.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 14 days: beyond that, people look for a date. */
const LONGEST_RELATIVE = 14 * DAY;

/** "just now", "3 hours ago", "on 12 March 2026": when something was, for a person. */
export function describeTime(atSeconds: number, nowSeconds: number): Message {
  const age = nowSeconds - atSeconds;
  if (age < 2 * MINUTE) return message("common.just-now");
  if (age < HOUR) return ago(Math.floor(age / MINUTE), "minute");
  if (age < DAY) return ago(Math.floor(age / HOUR), "hour");
  if (age < LONGEST_RELATIVE) return ago(Math.floor(age / DAY), "day");
  // Where the person is nobody knows; a day is exact enough.
  return message("common.on-date", { date: { atSeconds, show: "date" } });
}

function ago(count: number, unit: "minute" | "hour" | "day"): Message {
  return message("common.ago", { when: { ago: count, unit } });
}
