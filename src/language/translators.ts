/**
 * Puts messages into words. Owns the languages, their message files and how values are written in
 * them; does not know requests, pages or mails. Pages, mails and commands call it.
 */
import { IntlMessageFormat } from "intl-messageformat";
import { LANGUAGES, mapLanguages, type Language } from "./languages.js";
import { loadMessages, type Patterns } from "./load-messages.js";
import type { Message, MessageValues } from "../lib/message.js";
import { isolateArguments, parsePattern } from "./pattern.js";
import { MARKUP, PLAIN, type Writing, type WrittenValue } from "./writings.js";
import { writeValue } from "./write-value.js";

/** @throws when there is no such message, or it lacks a value or a link: a mistake of ours */
export type Translate = (
  told: Message | string,
  values?: MessageValues,
  /** Of the person, for moments that name none; one that is not known counts as UTC. */
  timeZone?: string,
) => string;

export interface Translators {
  /** Plain text: for text mails, subjects, titles. Tags leave only their words. */
  readonly translatorFor: (language: Language) => Translate;
  /** HTML, every value escaped; `<b>`, `<code>` and links as elements. */
  readonly markupFor: (language: Language) => Translate;
  /** For protocol answers, commands and logs. */
  readonly englishOf: Translate;
}

/** @throws as `loadMessages` */
export function createTranslators({ directory }: { readonly directory: string }): Translators {
  const messages = loadMessages(directory);
  const formats = mapLanguages((language) => createFormats(language, messages[language]));
  const inWriting = (writing: Writing) =>
    mapLanguages((language) => createTranslate({ language, formatOf: formats[language], writing }));
  const plain = inWriting(PLAIN);
  const markup = inWriting(MARKUP);
  return {
    translatorFor: (language) => plain[language],
    markupFor: (language) => markup[language],
    englishOf: plain.en,
  };
}

interface Format {
  readonly format: IntlMessageFormat;
  readonly tagNames: readonly string[];
}

/** Made when first needed: making them all takes longer than the rest of the start. */
function createFormats(language: Language, patterns: Patterns): (key: string) => Format {
  const { locale, direction } = LANGUAGES[language];
  const made = new Map<string, Format>();
  return (key) => {
    let found = made.get(key);
    if (found === undefined) {
      const pattern = patterns.get(key);
      if (pattern === undefined) throw new Error(`there is no message "${key}"`);
      const { elements, tagNames } = parsePattern(pattern);
      const isolated = direction === "rtl" ? isolateArguments(elements) : elements;
      found = { format: new IntlMessageFormat(isolated, locale), tagNames };
      made.set(key, found);
    }
    return found;
  };
}

interface TranslateParts {
  readonly language: Language;
  readonly formatOf: (key: string) => Format;
  readonly writing: Writing;
}

function createTranslate({ language, formatOf, writing }: TranslateParts): Translate {
  const { locale, direction } = LANGUAGES[language];
  const isolatesItems = direction === "rtl";
  return translate;

  // oxlint-disable-next-line max-params -- as above
  function translate(told: Message | string, values?: MessageValues, timeZone?: string): string {
    const { key, values: own } = typeof told === "string" ? { key: told, values: {} } : told;
    const given = { ...own, ...values };
    const { format, tagNames } = formatOf(key);
    const tell = (inner: Message) => translate(inner, undefined, timeZone);
    const context = { locale, isolatesItems, timeZone, tell, writing };
    const written: Record<string, WrittenValue> = {};
    for (const [name, value] of Object.entries(given)) {
      if (tagNames.includes(name)) continue;
      written[name] = writeValue(value, context);
    }
    for (const name of tagNames) written[name] = writing.tag(name, given[name]);
    return writing.join(format.format(written));
  }
}
