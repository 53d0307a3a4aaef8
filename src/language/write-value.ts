import type { Age, Message, MessageValue, Moment } from "../lib/message.js";
import { isolateForeign, ISOLATE } from "./isolate.js";
import type { Writing, WrittenValue } from "./writings.js";

export interface ValueContext {
  readonly locale: string;
  /** Every part of a list would change the order of the others in a language that runs to the left. */
  readonly isolatesItems: boolean;
  readonly timeZone: string | undefined;
  /** Puts a message that is a value into words, in the same writing. */
  readonly tell: (told: Message) => string;
  readonly writing: Writing;
}

const SHOWN: Record<Moment["show"], Intl.DateTimeFormatOptions> = {
  date: { year: "numeric", month: "long", day: "numeric" },
  time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" },
  "date-time": {
    year: "numeric",
    month: "long",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  },
};

/** A value as its message takes it. */
export function writeValue(value: MessageValue, context: ValueContext): WrittenValue {
  if (typeof value === "string") return isolateForeign(value);
  if (typeof value === "number") return value;
  if (isList(value)) {
    const items = value.map((item) =>
      context.writing.item(isolateItem(item, context), context.tell),
    );
    return context.writing.list(new Intl.ListFormat(context.locale).formatToParts(items));
  }
  if ("key" in value) return context.writing.told(context.tell(value));
  if ("show" in value) return writeMoment(value, context);
  if ("ago" in value) return writeAge(value, context.locale);
  throw new Error("a link is no value: a message names it by a tag");
}

function isolateItem(item: Message | string, { isolatesItems }: ValueContext): Message | string {
  return typeof item === "string" && isolatesItems ? ISOLATE.join(item) : item;
}

function writeMoment(moment: Moment, { locale, timeZone: own }: ValueContext): string {
  const { atSeconds, show, timeZone = own } = moment;
  const options = SHOWN[show];
  const at = atSeconds * 1000;
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: timeZone ?? "UTC" }).format(at);
  } catch {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" }).format(at);
  }
}

function writeAge({ ago, unit }: Age, locale: string): string {
  return new Intl.RelativeTimeFormat(locale, { numeric: "always" }).format(-ago, unit);
}

function isList(value: MessageValue): value is Extract<MessageValue, readonly unknown[]> {
  return Array.isArray(value);
}
