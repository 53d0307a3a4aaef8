/** FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (Unicode Standard Annex 9 §2.4.2). */
export const ISOLATE = ["\u2068", "\u2069"] as const;

/** Hebrew, Arabic and what is written like them. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

/** A name that runs the other way would take the words behind it along. */
export function isolateForeign(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? ISOLATE.join(text) : text;
}
