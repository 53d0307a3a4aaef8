import type { Context } from "koa";
import type { Language } from "../language/languages.js";
import { negotiateLanguage } from "../language/negotiate-language.js";
import { readLanguageChoice } from "./language-cookie.js";

/**
 * In which language the request is answered: what the application asked for, then what the person
 * chose here, their account's `locale`, and the browser's `Accept-Language`. A choice that was made
 * on a page beats the wish of the application that the page showed.
 */
export function languageOf(ctx: Context): Language {
  const choice = readLanguageChoice(ctx);
  const uiLocales = uiLocalesOf(ctx);
  const isOverruled = choice !== undefined && choice.instead === uiLocales;
  return negotiateLanguage({
    uiLocales: isOverruled ? undefined : uiLocales,
    chosen: choice?.language,
    accountLocale: text(ctx.state["accountLocale"]),
    acceptLanguage: ctx.get("Accept-Language"),
  });
}

/**
 * `ui_locales` of the request of the page's interaction, or of this request (OpenID Connect Core
 * §3.1.2.1, RP-Initiated Logout 1.0 §2).
 */
export function uiLocalesOf(ctx: Context): string | undefined {
  const { oidc }: { oidc?: { params?: Readonly<Record<string, unknown>> } } = ctx as object;
  return text(ctx.state["uiLocales"]) ?? text(oidc?.params?.["ui_locales"]);
}

/** `zoneinfo` of the account that is signed in; undefined: it is not known where the person is. */
export function timeZoneOf(ctx: Context): string | undefined {
  return text(ctx.state["accountTimeZone"]);
}

/** For a page of a request whose interaction is gone. */
export function rememberUiLocales(ctx: Context, params: Readonly<Record<string, unknown>>): void {
  ctx.state["uiLocales"] = params["ui_locales"];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
