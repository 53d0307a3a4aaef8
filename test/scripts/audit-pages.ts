/**
 * Every page in every state, scheme, width and language, by axe-core and the checks beside it:
 * `npm run audit:pages`, in some languages alone by `npm run audit:pages -- de ar`. Prints the
 * figures for docs/accessibility.md, and ends with 1 when a page breaks a rule.
 */
import axe from "axe-core";
import type { BrowserContextOptions } from "playwright-core";
import { isLanguage, LANGUAGE_TAGS, type Language } from "../../src/language/languages.js";
import { auditPage } from "../support/audit-page.js";
import { openBrowser } from "../support/browser.js";
import { checkFocus } from "../support/page-checks.js";
import { PAGE_SAMPLES } from "../support/page-samples.js";
import { startSampleServer } from "../support/sample-server.js";

const chosen = process.argv.slice(2).filter(isLanguage);
const languages = chosen.length > 0 ? chosen : LANGUAGE_TAGS;
const NAMES = PAGE_SAMPLES.map(({ view, state }) => `${view}.${state}`);

const server = await startSampleServer();
const browser = await openBrowser();
const problems: string[] = [];

async function auditIn(locale: Language): Promise<void> {
  const visitor: BrowserContextOptions = { locale, reducedMotion: "reduce" };
  const context = await browser.newContext(visitor);
  const page = await context.newPage();
  // A busy machine is slow, and nobody waits.
  page.setDefaultTimeout(120_000);
  for (const name of NAMES) {
    const found = await auditPage(page, server.url(name));
    problems.push(...found.map((line) => `${locale}, ${name}: ${line}`));
  }
  await context.close();
}

/** With script off, which has no say in what Tab reaches. */
async function auditFocus(): Promise<void> {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  for (const name of NAMES) {
    await page.goto(server.url(name));
    const found = await checkFocus(page);
    problems.push(...found.map((line) => `${name}: ${line}`));
  }
  await context.close();
}

try {
  for (const locale of languages) await auditIn(locale);
  await auditFocus();
  const version = browser.version();
  const views = new Set(PAGE_SAMPLES.map(({ view }) => view)).size;
  console.log(
    [
      `axe-core ${axe.version}, Chromium ${version}`,
      `${views} pages in ${NAMES.length} states, in ${languages.join(", ")},`,
      `both schemes at 360 and 1280 px: ${NAMES.length * languages.length * 4} views.`,
      problems.length === 0 ? "Nothing breaks a rule." : problems.join("\n"),
    ].join("\n"),
  );
} finally {
  await browser.close();
  await server.close();
}
process.exitCode = problems.length === 0 ? 0 : 1;
