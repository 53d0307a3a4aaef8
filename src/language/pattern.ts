import {
  createLiteralElement,
  isArgumentElement,
  isLiteralElement,
  isPoundElement,
  isTagElement,
  parse,
  type MessageFormatElement,
} from "@formatjs/icu-messageformat-parser";
import { ISOLATE } from "./isolate.js";

/** Most messages are only words: they need no parser. */
const HAS_SYNTAX = /[{}<>']/;

export interface Pattern {
  readonly elements: MessageFormatElement[];
  /** Of arguments of every kind, sorted. */
  readonly argumentNames: readonly string[];
  /** Sorted. */
  readonly tagNames: readonly string[];
}

/** @throws when it is no ICU MessageFormat pattern, or names a value as it names a tag */
export function parsePattern(pattern: string): Pattern {
  const elements = HAS_SYNTAX.test(pattern) ? parse(pattern) : [createLiteralElement(pattern)];
  const argumentNames = new Set<string>();
  const tagNames = new Set<string>();
  for (const element of eachElement(elements)) {
    if (isTagElement(element)) tagNames.add(element.value);
    else if (!isLiteralElement(element) && !isPoundElement(element)) {
      argumentNames.add(element.value);
    }
  }
  const both = [...argumentNames].find((name) => tagNames.has(name));
  if (both !== undefined) throw new Error(`"${both}" is both a value and a tag in "${pattern}"`);
  return {
    elements,
    argumentNames: [...argumentNames].toSorted(),
    tagNames: [...tagNames].toSorted(),
  };
}

/** Keeps each plain argument from changing the order of the words around it, and they its own. */
export function isolateArguments(
  elements: readonly MessageFormatElement[],
): MessageFormatElement[] {
  return elements.flatMap((element): MessageFormatElement[] => {
    if (isArgumentElement(element)) {
      const [before, after] = ISOLATE;
      return [createLiteralElement(before), element, createLiteralElement(after)];
    }
    if ("children" in element) {
      return [{ ...element, children: isolateArguments(element.children) }];
    }
    if (!("options" in element)) return [element];
    const options: typeof element.options = {};
    for (const [name, option] of Object.entries(element.options)) {
      options[name] = { ...option, value: isolateArguments(option.value) };
    }
    return [{ ...element, options }];
  });
}

function* eachElement(elements: readonly MessageFormatElement[]): Generator<MessageFormatElement> {
  for (const element of elements) {
    yield element;
    if ("children" in element) yield* eachElement(element.children);
    if ("options" in element) {
      for (const option of Object.values(element.options)) yield* eachElement(option.value);
    }
  }
}
