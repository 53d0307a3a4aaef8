import type { Context } from "koa";
import { isLanguage, type Language } from "../language/languages.js";

/** What a person chose by a link of a page. */
export interface LanguageChoice {
  readonly language: Language;
  /** `ui_locales` that the page had, which do not count while the application asks for the same. */
  readonly instead: string | undefined;
}

/** 1 year: whoever comes back by then finds their language. */
const MAX_AGE_MS = 365 * 24 * 3600 * 1000;
/** Of `ui_locales`: more is no list of a person's languages. */
const MAX_CHARACTERS = 100;

export function readLanguageChoice(ctx: Context): LanguageChoice | undefined {
  const value = ctx.cookies.get(nameFor(ctx), { signed: false }) ?? "";
  const [language = "", instead] = value.split("~", 2);
  if (!isLanguage(language)) return undefined;
  return { language, instead: instead?.replaceAll(".", " ") };
}

export function rememberLanguageChoice(ctx: Context, { language, instead }: LanguageChoice): void {
  const value = isCookieText(instead) ? `${language}~${instead.replaceAll(" ", ".")}` : language;
  const options = { httpOnly: true, sameSite: "lax", signed: false, path: "/" } as const;
  ctx.cookies.set(nameFor(ctx), value, { ...options, maxAge: MAX_AGE_MS });
}

function isCookieText(text: string | undefined): text is string {
  return text !== undefined && text.length <= MAX_CHARACTERS && /^[\w -]+$/.test(text);
}

function nameFor(ctx: Context): string {
  return ctx.secure ? "__Host-latchkey_language" : "latchkey_language";
}
