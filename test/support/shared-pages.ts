import { loadPages, type Pages } from "../../src/composition/pages.js";
import type { Config } from "../../src/config/config.js";

const loaded = new Map<string, Pages>();

/** The pages of a server with this path, read once in this process: most of what a start costs. */
export function sharedPages(config: Config): Pages | undefined {
  if (config.theme !== undefined) return undefined;
  const basePath = new URL(config.issuer).pathname.replace(/\/$/, "");
  const known = loaded.get(basePath) ?? loadPages({ basePath, config });
  loaded.set(basePath, known);
  return known;
}
