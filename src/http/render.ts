/**
 * Turns a view and its data into an answer. Owns the templates and what each may be told; does not
 * know what a request is about. Every module of `http/` that shows a page calls it.
 */
import { readdirSync } from "node:fs";
import type { Context } from "koa";
import nunjucks from "nunjucks";
import { LANGUAGES } from "../language/languages.js";
import type { Translate, Translators } from "../language/translators.js";
import type { Assets } from "./assets.js";
import { languageOf, timeZoneOf } from "./language-of.js";
import { IS_VIEW, type ViewName, type Views } from "./views.js";
import { languageLinks } from "./language-links.js";
import { COLOURS } from "../lib/colours.js";
import type { Theme } from "../lib/theme.js";

export interface RendererDeps {
  readonly viewsDirectory: string;
  readonly translators: Pick<Translators, "markupFor">;
  readonly assets: Pick<Assets, "url"> & Partial<Pick<Assets, "logoUrl">>;
  readonly theme?: Theme | undefined;
  /** Path of the issuer without a slash at its end; "" at the root of the host. */
  readonly basePath: string;
}

export interface Renderer {
  /**
   * Answers the request with a page in the person's language, which no cache keeps.
   *
   * @throws when the template prints a value that is undefined; the context is untouched then.
   */
  // oxlint-disable-next-line max-params -- reads as "render the login page with this data, 422"
  readonly render: <V extends ViewName>(
    ctx: Context,
    view: V,
    data: Views[V],
    status?: number,
  ) => void;
}

/** @throws when a template does not compile or is missing, so that a broken page stops the start. */
export function createRenderer(deps: RendererDeps): Renderer {
  const { viewsDirectory, translators, assets, basePath, theme = {} } = deps;
  const environment = new nunjucks.Environment(
    new nunjucks.FileSystemLoader(viewsDirectory, { watch: false, noCache: false }),
    { autoescape: true, throwOnUndefined: true, trimBlocks: true, lstripBlocks: true },
  );
  environment.addGlobal("assetUrl", assets.url);
  environment.addGlobal("productName", theme.productName ?? "Latchkey");
  environment.addGlobal("brandLogoUrl", assets.logoUrl);
  environment.addGlobal("lightPaper", theme.light?.paper ?? COLOURS.light.paper);
  environment.addGlobal("darkPaper", theme.dark?.paper ?? COLOURS.dark.paper);
  environment.addGlobal("homeUrl", `${basePath}/`);
  // Partials see globals alone. One template is rendered at a time, so this one may change between.
  let translate: Translate = translators.markupFor("en");
  environment.addGlobal(
    "t",
    (
      told: Parameters<Translate>[0] | nunjucks.runtime.SafeString,
      values?: Parameters<Translate>[1],
    ) =>
      told instanceof nunjucks.runtime.SafeString
        ? told
        : new nunjucks.runtime.SafeString(translate(told, values)),
  );
  environment.addFilter("aboutField", (problems: readonly { field: string }[], name: string) =>
    problems.filter(({ field }) => field === name),
  );
  environment.addFilter("isHttps", (url: unknown) => isUrlOf(["https:"], url));
  environment.addFilter("isWeb", (url: unknown) => isUrlOf(["https:", "http:"], url));

  const views = Object.keys(IS_VIEW).map((view) => `${view}.njk`);
  for (const name of new Set([...findTemplates(viewsDirectory), ...views])) {
    environment.getTemplate(name, true);
  }

  return {
    // oxlint-disable-next-line max-params -- as above
    render: (ctx, view, data, status = 200) => {
      const language = isForDevelopers(view) ? "en" : languageOf(ctx);
      const inLanguage = translators.markupFor(language);
      const timeZone = timeZoneOf(ctx);
      translate = (told, values) => inLanguage(told, values, timeZone);
      const html = environment.render(`${view}.njk`, {
        ...data,
        pageHost: ctx.host,
        language,
        direction: LANGUAGES[language].direction,
        languages: isForDevelopers(view) ? [] : languageLinks(ctx, language, basePath),
      });
      // Koa turns a 404 into a 200 when the body comes first.
      ctx.status = status;
      ctx.set("Cache-Control", "no-store");
      ctx.set("Content-Language", language);
      ctx.type = "html";
      ctx.body = html;
    },
  };
}

/** Tools of development are in English alone. */
function isForDevelopers(view: ViewName): boolean {
  return view.startsWith("playground/") || view.startsWith("development/");
}

function findTemplates(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".njk"))
    .map((path) => path.replaceAll("\\", "/"));
}

/** A link from outside never carries `javascript:` or `data:` into a page. */
function isUrlOf(protocols: readonly string[], url: unknown): boolean {
  return typeof url === "string" && URL.canParse(url) && protocols.includes(new URL(url).protocol);
}
