/** Somebody without a mouse: Tab, Enter, Space and letters, and nothing else. */
import type { Page } from "playwright-core";

/** More than any page has stops: Tab has then come round. */
const MOST_STOPS = 60;

export interface Focused {
  /** What a screen reader says: the label of a field, the words on a button or link. */
  readonly name: string;
  readonly role: string | null;
}

/** What has the focus now. */
export function focusedOn(page: Page): Promise<Focused> {
  return page.evaluate(() => {
    const element = document.activeElement ?? document.body;
    const label = element instanceof HTMLInputElement ? element.labels?.[0] : undefined;
    const words = element.getAttribute("aria-label") ?? (label ?? element).textContent ?? "";
    return { name: words.trim().replaceAll(/\s+/g, " "), role: element.getAttribute("role") };
  });
}

/**
 * Presses Tab until what is so named has the focus; stays where it has it already.
 * @returns the names on the way. @throws when Tab comes round without it.
 */
export async function tabTo(page: Page, name: string | RegExp): Promise<string[]> {
  const passed: string[] = [];
  const isIt = (words: string) => (typeof name === "string" ? words === name : name.test(words));
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    const focused = await focusedOn(page);
    if (isIt(focused.name)) return passed;
    passed.push(focused.name);
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches ${String(name)}: ${passed.join(" | ")}`);
}

/** Types into the field of that label. */
export async function typeInto(page: Page, label: string, text: string): Promise<void> {
  await tabTo(page, label);
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}

/** Presses a key and waits for the page that it leads to. */
export async function goBy(page: Page, key: "Enter" | "Space"): Promise<void> {
  await Promise.all([page.waitForEvent("load"), page.keyboard.press(key)]);
}

/** Tabs to a button or link and presses the key there. */
export async function choose(
  page: Page,
  name: string | RegExp,
  key: "Enter" | "Space" = "Enter",
): Promise<void> {
  await tabTo(page, name);
  await goBy(page, key);
}
