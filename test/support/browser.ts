import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
} from "playwright-core";

/** The one of the system: playwright-core brings none of its own. */
export const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

/** Runs as root and asks nothing of the network. playwright adds a fresh profile directory. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
}

/** One that reads its settings from a folder: `Default/Preferences` holds what people set themselves. */
export function openProfile(
  folder: string,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const launch = { executablePath: CHROMIUM, headless: true, args: FLAGS };
  return chromium.launchPersistentContext(folder, { ...launch, ...options });
}
