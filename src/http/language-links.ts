import type Router from "@koa/router";
import type { Context } from "koa";
import { isLanguage, LANGUAGE_TAGS, LANGUAGES, type Language } from "../language/languages.js";
import { rememberLanguageChoice } from "./language-cookie.js";
import { uiLocalesOf } from "./language-of.js";

/** A language that a page may be read in instead, as a plain link. */
export interface LanguageLink {
  readonly language: Language;
  /** As it calls itself. */
  readonly name: string;
  readonly href: string;
  readonly isCurrent: boolean;
}

/** Beyond it the address is left out of the links, and told by the browser (`Referer`). */
const MAX_BACK_CHARACTERS = 400;

/** @param basePath of the issuer, without a slash at its end. */
export function languageLinks(ctx: Context, current: Language, basePath: string): LanguageLink[] {
  const query = new URLSearchParams();
  const back = backOf(ctx);
  if (back.length <= MAX_BACK_CHARACTERS) query.set("back", back);
  const instead = uiLocalesOf(ctx);
  if (instead !== undefined) query.set("instead", instead);
  return LANGUAGE_TAGS.map((language) => ({
    language,
    name: LANGUAGES[language].name,
    href: `${basePath}/language/${language}?${query.toString()}`,
    isCurrent: language === current,
  }));
}

/** Where other providers send people to: what stands in the query is theirs, and may be a code. */
const IS_ANSWER = /\/(?:upstream|oauth\/callback)$/;

/** For a page that cannot be had again: a choice of language leads on, to `path`, and not back. */
export function leadOnInLanguage(ctx: Context, path: string): void {
  ctx.state["onInLanguage"] = path;
}

/** Where the same page can be had again: one that answers a form is that which the form was on. */
function backOf(ctx: Context): string {
  const on: unknown = ctx.state["onInLanguage"];
  if (typeof on === "string") return on;
  if (ctx.method === "GET") {
    const [path = ""] = ctx.originalUrl.split("?", 1);
    return IS_ANSWER.test(path) ? path : ctx.originalUrl;
  }
  return ownPath(ctx.get("Referer"), ctx.origin) ?? ctx.originalUrl;
}

export interface LanguageRouteDeps {
  readonly issuer: string;
  readonly basePath: string;
}

/** `/language/:language`: remembers the choice in this browser, and leads back to the page. */
export function addLanguageRoute(router: Router, { issuer, basePath }: LanguageRouteDeps): void {
  const { origin } = new URL(issuer);

  router.get("/language/:language", (ctx) => {
    const { language = "" }: { language?: string } = ctx["params"];
    const { back, instead } = ctx.query;
    if (isLanguage(language)) {
      rememberLanguageChoice(ctx, { language, instead: firstOf(instead) });
    }
    ctx.status = 303;
    const path = ownPath(firstOf(back) ?? ctx.get("Referer"), origin);
    ctx.redirect(path === undefined ? `${basePath}/` : findPage(path));
  });

  /** A path that takes forms alone lies below that of its page. */
  function findPage(path: string): string {
    const { pathname } = new URL(path, origin);
    const own = pathname.slice(basePath.length) || "/";
    const isFormOnly = router.match(own, "POST").route && !router.match(own, "GET").route;
    const parent = pathname.slice(0, pathname.lastIndexOf("/"));
    return isFormOnly && parent !== "" ? findPage(parent) : path;
  }
}

/** The path of an address of this server; undefined for any other. */
function ownPath(address: string, origin: string): string | undefined {
  const url = address === "" ? null : URL.parse(address, origin);
  return url?.origin === origin ? url.pathname + url.search : undefined;
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}
