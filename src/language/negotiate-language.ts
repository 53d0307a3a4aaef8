import { isLanguage, type Language } from "./languages.js";

/** What a browser, an application and a person have said about languages; each may be absent. */
export interface LanguageWishes {
  /** `ui_locales` of the request (OpenID Connect Core §3.1.2.1): language tags, the best first. */
  readonly uiLocales?: string | undefined;
  /** What the person chose by a link on this browser. */
  readonly chosen?: string | undefined;
  /** The `locale` of the account that is signed in. */
  readonly accountLocale?: string | undefined;
  /** The header `Accept-Language` (RFC 9110 §12.5.4). */
  readonly acceptLanguage?: string | undefined;
}

/** 20: no person speaks more, and a header may hold thousands. */
const MAX_TAGS = 20;

/** The first wish that can be met, in the order of `LanguageWishes`; English when none can. */
export function negotiateLanguage(wishes: LanguageWishes): Language {
  return (
    findLanguage(wishes.uiLocales?.split(" ")) ??
    findLanguage([wishes.chosen ?? ""]) ??
    findLanguage([wishes.accountLocale ?? ""]) ??
    findLanguage(acceptedTags(wishes.acceptLanguage)) ??
    "en"
  );
}

/** "pt-BR" is met by "pt" (RFC 4647 §3.4, lookup); so is "pt_BR", as some platforms write it. */
function findLanguage(tags: readonly string[] = []): Language | undefined {
  return tags
    .slice(0, MAX_TAGS)
    .map((tag) => tag.toLowerCase().split(/[-_]/, 1)[0] ?? "")
    .find(isLanguage);
}

function acceptedTags(header = ""): string[] {
  return header
    .split(",", MAX_TAGS)
    .map((range) => {
      const [tag = "", ...parameters] = range.split(";").map((part) => part.trim());
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return { tag, weight: weight === undefined ? 1 : Number(weight.slice(2)) };
    })
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}
