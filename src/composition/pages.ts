import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAssets } from "../http/assets.js";
import { createRenderer } from "../http/render.js";
import { createTranslators } from "../language/translators.js";
import type { Config } from "../config/config.js";

export const VIEWS = fileURLToPath(new URL("../../../views", import.meta.url));

export type Pages = ReturnType<typeof loadPages>;

export interface PagesDeps {
  /** Path of the issuer without a slash at its end; "" at the root of the host. */
  readonly basePath: string;
  readonly config: Pick<Config, "theme">;
}

/** All that a browser is shown, read once. @throws as `createTranslators` and `createRenderer` */
export function loadPages({ basePath, config }: PagesDeps) {
  const { theme } = config;
  const assets = loadAssets({ directory: join(VIEWS, "assets"), basePath, theme });
  const translators = createTranslators({ directory: join(VIEWS, "messages") });
  const renderer = createRenderer({ viewsDirectory: VIEWS, translators, assets, basePath, theme });
  return { assets, translators, ...renderer };
}
