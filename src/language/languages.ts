export const LANGUAGE_TAGS = ["en", "de", "fr", "es", "pt", "ja", "ar"] as const;

export type Language = (typeof LANGUAGE_TAGS)[number];

interface LanguageRow {
  /** How the language calls itself. */
  readonly name: string;
  readonly direction: "ltr" | "rtl";
  /** For `Intl`. */
  readonly locale: string;
}

/** The languages of every page and mail. */
export const LANGUAGES: Readonly<Record<Language, LanguageRow>> = {
  en: { name: "English", direction: "ltr", locale: "en" },
  de: { name: "Deutsch", direction: "ltr", locale: "de" },
  fr: { name: "Français", direction: "ltr", locale: "fr" },
  es: { name: "Español", direction: "ltr", locale: "es" },
  pt: { name: "Português", direction: "ltr", locale: "pt" },
  ja: { name: "日本語", direction: "ltr", locale: "ja" },
  // With the digits that codes and addresses are written in.
  ar: { name: "العربية", direction: "rtl", locale: "ar-u-nu-latn" },
};

export function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(LANGUAGES, tag);
}

export function mapLanguages<T>(make: (language: Language) => T): Record<Language, T> {
  return {
    en: make("en"),
    de: make("de"),
    fr: make("fr"),
    es: make("es"),
    pt: make("pt"),
    ja: make("ja"),
    ar: make("ar"),
  };
}
