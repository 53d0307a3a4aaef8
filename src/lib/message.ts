/**
 * Something to tell a person, before it is put into their language: use cases and routes speak in
 * messages, `language/` turns them into words.
 */
export interface Message {
  /** `<area>.<name>`: the name in `views/messages/<language>/<area>.json`. */
  readonly key: string;
  readonly values?: MessageValues | undefined;
}

export type MessageValues = Readonly<Record<string, MessageValue>>;

/**
 * Text is shown as it is. A message is told in the same language, a list is joined, and a time
 * written, as the language does it.
 */
export type MessageValue = string | number | Message | Link | Moment | Age | readonly ListItem[];

type ListItem = string | Message;

/** What a tag of a message leads to: our own path, or an address of the web. */
export interface Link {
  readonly href: string;
  /** Opens in a new tab, and is not told where it was followed. */
  readonly isOutside?: boolean;
}

/** A time. The zone is named in words where a time of day is shown. */
export interface Moment {
  readonly atSeconds: number;
  readonly show: "date" | "time" | "date-time";
  /** Of the IANA time zone database; the account's `zoneinfo` unless told, else UTC. */
  readonly timeZone?: string | undefined;
}

/** How long something is ago, in words: "3 hours ago". */
export interface Age {
  readonly ago: number;
  readonly unit: "minute" | "hour" | "day";
}

/** A name or a sentence that is in one language only: an operator or another server wrote it. */
export function asWritten(text: string): Message {
  return message("common.as-written", { text });
}

export function message(key: string, values?: MessageValues): Message {
  return { key, values };
}
