import axe from "axe-core";
import type { Page } from "playwright-core";

/** WCAG 2.2 A and AA, and what axe-core's authors recommend beyond them. No rule is switched off. */
const EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** What another scheme or width can break. */
const LOOKS = [
  "color-contrast",
  "target-size",
  "scrollable-region-focusable",
  "link-in-text-block",
];

/** What axe-core finds wrong with the page as it stands, a line each. */
export function runAxe(page: Page): Promise<string[]> {
  return run(page, { type: "tag", values: EVERYTHING });
}

/** The same for the rules about colour and size alone, in a third of the time. */
export function runAxeOnLooks(page: Page): Promise<string[]> {
  return run(page, { type: "rule", values: LOOKS });
}

async function run(page: Page, runOnly: axe.RunOnly): Promise<string[]> {
  // Not by a script element, which the pages' policy refuses.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const violations = await page.evaluate(async (only) => {
    const { axe: inPage } = globalThis as unknown as { axe: typeof axe };
    // Size of targets is off unless it is named: axe-core calls it new.
    const rules = only.type === "tag" ? { "target-size": { enabled: true } } : {};
    const found = await inPage.run({ runOnly: only, rules, resultTypes: ["violations"] });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => ({ id, html, summary: failureSummary ?? "" })),
    );
  }, runOnly);
  return violations.map(
    ({ id, html, summary }) =>
      `${id}: ${html.slice(0, 160)} (${summary.replaceAll(/\s+/g, " ").slice(0, 240)})`,
  );
}
