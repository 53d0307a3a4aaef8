import type { Link, Message, MessageValue } from "../lib/message.js";
import { isolateForeign } from "./isolate.js";

/** A value as `IntlMessageFormat` takes it. */
export type WrittenValue =
  | string
  | number
  | Markup
  | ((parts: readonly unknown[]) => Markup | string);

/** How a message is written down: as plain text or as HTML. */
export interface Writing {
  /** For `IntlMessageFormat`: makes what stands between a tag and its end. */
  tag(
    name: string,
    value: MessageValue | undefined,
  ): (parts: readonly unknown[]) => Markup | string;
  /** A message inside another one, which is written already. */
  told(written: string): Markup | string;
  item(value: string | Message, tell: (told: Message) => string): string;
  list(parts: ReturnType<Intl.ListFormat["formatToParts"]>): Markup | string;
  /** The whole, from what `IntlMessageFormat` makes of the above. */
  join(formatted: unknown): string;
}

/** Tags leave only the words between them. */
export const PLAIN: Writing = {
  tag: () => (parts) => parts.join(""),
  told: (written) => written,
  item: (value, tell) => (typeof value === "string" ? isolateForeign(value) : tell(value)),
  list: (parts) => parts.map(({ value }) => value).join(""),
  join: (formatted) => (Array.isArray(formatted) ? formatted.join("") : String(formatted)),
};

/** Written as HTML already. */
class Markup {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
}

export const MARKUP: Writing = {
  tag(name, value) {
    const [before, after] = ELEMENTS[name] ?? linkElement(name, value);
    return (parts) => new Markup(before + MARKUP.join(parts) + after);
  },
  told: (written) => new Markup(written),
  item: (value, tell) =>
    typeof value === "string" ? escapeHtml(isolateForeign(value)) : tell(value),
  list: (parts) =>
    new Markup(
      parts.map(({ type, value }) => (type === "literal" ? escapeHtml(value) : value)).join(""),
    ),
  join(formatted) {
    const parts: readonly unknown[] = Array.isArray(formatted) ? formatted : [formatted];
    return parts
      .map((part) => (part instanceof Markup ? part.html : escapeHtml(String(part))))
      .join("");
  },
};

const ELEMENTS: Readonly<Record<string, readonly [before: string, after: string]>> = {
  b: ["<strong>", "</strong>"],
  muted: ['<span class="muted">', "</span>"],
  code: ['<span class="mono">', "</span>"],
};

/** Our own path, or an address that cannot carry a script. */
const SAFE_HREF = /^(?:\/(?!\/)|#|https?:\/\/|mailto:)/;

function linkElement(name: string, value: MessageValue | undefined): [string, string] {
  if (!isLink(value)) throw new Error(`the tag <${name}> has no link`);
  const { href, isOutside } = value;
  if (!SAFE_HREF.test(href)) throw new Error(`<${name}> leads to what is no address: ${href}`);
  const outside = isOutside ? ' target="_blank" rel="noopener noreferrer"' : "";
  return [`<a href="${escapeHtml(href)}"${outside}>`, "</a>"];
}

function isLink(value: MessageValue | undefined): value is Link {
  return typeof value === "object" && "href" in value;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
