import type { Page } from "playwright-core";
import {
  checkForcedColors,
  checkLargeText,
  checkReducedMotion,
  checkReflow,
  checkStructure,
  checkTargets,
} from "./page-checks.js";
import { runAxe, runAxeOnLooks } from "./run-axe.js";

const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 900 };
/** 1280 CSS px at 400 % (WCAG 2.2 1.4.10). */
const NARROWEST = { width: 320, height: 640 };
/** 1280 CSS px at 200 %. */
const ZOOMED = { width: 640, height: 450 };

/**
 * Everything that a browser can tell of a page's accessibility, in each scheme and at each width.
 * Nothing may move on it: colours under way from one scheme to the other are neither.
 *
 * @returns what is wrong, a line each.
 */
export async function auditPage(page: Page, url: string): Promise<string[]> {
  await page.emulateMedia({ colorScheme: "light" });
  const problems = await auditWords(page, url);
  for (const viewport of [PHONE, DESKTOP]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"] as const) {
      if (viewport === PHONE && colorScheme === "light") continue;
      await page.emulateMedia({ colorScheme });
      const found = await runAxeOnLooks(page);
      problems.push(...found.map((line) => `${colorScheme}, ${viewport.width} px: ${line}`));
    }
  }
  problems.push(...(await checkForcedColors(page)), ...(await checkReducedMotion(page)));
  await page.setViewportSize(ZOOMED);
  problems.push(...(await checkReflow(page, "at 200 %")), ...(await checkLargeText(page)));
  return problems;
}

/** What words may change, in another language: all rules on a phone, and the narrowest width. */
export async function auditWords(page: Page, url: string): Promise<string[]> {
  await page.setViewportSize(PHONE);
  const answer = await page.goto(url);
  const problems = [
    ...(await runAxe(page)),
    ...(await checkStructure(page, answer?.status() ?? 0)),
    ...(await checkTargets(page)),
  ];
  await page.setViewportSize(NARROWEST);
  return [...problems, ...(await checkReflow(page, "at 320 px"))];
}
