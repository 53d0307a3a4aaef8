/** What a browser can tell of a page's manners beside axe-core; each says in words what is wrong. */
import type { Page } from "playwright-core";
import { isLanguage, LANGUAGES } from "../../src/language/languages.js";
import { translators } from "./translators.js";

/** WCAG 2.2 2.5.5; what the design asks of buttons and fields. */
const TARGET_PX = 44;

/** Language, direction, title, headings and labels. @param status that it was answered with. */
export async function checkStructure(page: Page, status: number): Promise<string[]> {
  const found = await page.evaluate(() => {
    const { lang, dir } = document.documentElement;
    const unlabelled = [...document.querySelectorAll<HTMLInputElement>("input:not([type=hidden])")]
      .filter((input) => (input.labels?.length ?? 0) === 0)
      .map(({ name }) => `input ${name} has no label`);
    return {
      lang,
      dir,
      title: document.title,
      headings: document.querySelectorAll("h1").length,
      hasSummary: document.querySelector("[role=alert]") !== null,
      hasFieldError: document.querySelector("[aria-invalid=true]") !== null,
      unlabelled,
    };
  });
  const problems = [...found.unlabelled];
  if (!isLanguage(found.lang) || LANGUAGES[found.lang].direction !== found.dir) {
    return [...problems, `the language is "${found.lang}", its direction "${found.dir}"`];
  }
  if (found.headings !== 1) problems.push(`${found.headings} h1`);
  if (found.hasFieldError && !found.hasSummary) problems.push("a field error without a summary");
  if (found.hasSummary && status < 400) problems.push(`an error with status ${status}`);
  const prefix = translators.translatorFor(found.lang)("common.error-prefix");
  if (found.hasSummary && !found.title.startsWith(`${prefix} `)) {
    problems.push(`an error whose title is "${found.title}"`);
  }
  return problems;
}

/** Reading needs no sideways scrolling (WCAG 2.2 1.4.10). */
export async function checkReflow(page: Page, where: string): Promise<string[]> {
  const { scroll, width } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    width: document.documentElement.clientWidth,
  }));
  return scroll > width ? [`scrolls sideways ${where}, ${scroll} px wide`] : [];
}

/** Text twice as large (1.4.4), and with the distances of 1.4.12, still fits. Leaves the page so. */
export async function checkLargeText(page: Page): Promise<string[]> {
  await page.evaluate(() => document.documentElement.style.setProperty("font-size", "200%"));
  const problems = await checkReflow(page, "with text at 200 %");
  await page.evaluate(() => {
    const style = document.documentElement.style;
    style.setProperty("font-size", "100%");
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }" +
        "p { margin-bottom: 2em !important }",
    );
    document.adoptedStyleSheets = [sheet];
  });
  return [...problems, ...(await checkReflow(page, "with wide text"))];
}

export async function checkTargets(page: Page): Promise<string[]> {
  return page.$$eval(
    "button, .button, input:not([type=hidden]), select, summary",
    (elements, least) =>
      elements
        .map((element) => ({ element, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.height < least || box.width < least))
        .map(({ element }) => `smaller than ${least} px: ${element.outerHTML.slice(0, 80)}`),
    TARGET_PX,
  );
}

/** Tabs through the page: each stop must show an outline of 2 px or more (2.4.7, 2.4.13). */
export async function checkFocus(page: Page): Promise<string[]> {
  const stops = await page.evaluate(countStops);
  const seen = new Set<string>();
  const problems: string[] = [];
  // Between the last control and the first the focus leaves the page for the browser.
  for (let press = 0; press <= stops + 1; press++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement ?? document.body;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      return {
        inPage: element !== document.body,
        html: `${element.outerHTML.slice(0, 80)} ${box.x} ${box.y + scrollY}`,
        visible: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2,
      };
    });
    if (!focused.inPage || seen.has(focused.html)) continue;
    seen.add(focused.html);
    if (!focused.visible) problems.push(`focus not visible on ${focused.html}`);
  }
  if (seen.size < stops) problems.push(`Tab reaches ${seen.size} of ${stops} controls`);
  return problems;
}

/** Runs in the page. The radio buttons of one name are one stop. */
function countStops(): number {
  const controls = document.querySelectorAll<HTMLElement>(
    "a[href], button, input, select, textarea, summary, [tabindex='0']",
  );
  const stops = [...controls]
    .filter((element) => element.checkVisibility() && element.getAttribute("type") !== "hidden")
    .map((element, index) =>
      element.matches("[type=radio]") ? `radio ${element.getAttribute("name")}` : index,
    );
  return new Set(stops).size;
}

/** With the system's own colours every button and field can still be told from text. Resets them. */
export async function checkForcedColors(page: Page): Promise<string[]> {
  await page.emulateMedia({ forcedColors: "active" });
  const problems = await page.$$eval(
    "button, .button, input:not([type=hidden], [type=checkbox], [type=radio]), select",
    (elements) =>
      elements
        .filter((element) => {
          const style = getComputedStyle(element);
          const hasEdge =
            style.borderTopStyle !== "none" && Number.parseFloat(style.borderTopWidth) > 0;
          const isUnderlined = style.textDecorationLine.includes("underline");
          const hasIcon = element.querySelector("svg") !== null;
          return element.checkVisibility() && !hasEdge && !isUnderlined && !hasIcon;
        })
        .map((element) => `looks like text in forced colours: ${element.outerHTML.slice(0, 80)}`),
  );
  await page.emulateMedia({ forcedColors: null });
  return problems;
}

/** Nothing moves. The page must have been opened for somebody who prefers that. */
export async function checkReducedMotion(page: Page): Promise<string[]> {
  return page.$$eval("*", (elements) =>
    elements
      .filter((element) => {
        const { transitionDuration, animationName, animationDuration } = getComputedStyle(element);
        const lasts = (durations: string) =>
          durations.split(",").some((duration) => Number.parseFloat(duration) > 0.01);
        return lasts(transitionDuration) || (animationName !== "none" && lasts(animationDuration));
      })
      .map((element) => `moves: ${element.outerHTML.slice(0, 80)}`),
  );
}
