import type { Context } from "koa";
import type { Language } from "../language/languages.js";
import { negotiateLanguage } from "../language/negotiate-language.js";

/** In which language the request is answered. */
export function languageOf(ctx: Context): Language {
  return negotiateLanguage({ acceptLanguage: ctx.get("Accept-Language") });
}
