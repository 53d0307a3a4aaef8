import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAssets } from "../http/assets.js";
import { createRenderer } from "../http/render.js";
import { createTranslators } from "../language/translators.js";
import type { Foundation } from "./foundation.js";

export const VIEWS = fileURLToPath(new URL("../../../views", import.meta.url));

export type Pages = ReturnType<typeof loadPages>;

/** All that a browser is shown, read once. @throws as `createTranslators` and `createRenderer` */
export function loadPages({ basePath, config }: Pick<Foundation, "basePath" | "config">) {
  const { theme } = config;
  const assets = loadAssets({ directory: join(VIEWS, "assets"), basePath, theme });
  const translators = createTranslators({ directory: join(VIEWS, "messages") });
  const renderer = createRenderer({ viewsDirectory: VIEWS, translators, assets, basePath, theme });
  return { assets, translators, ...renderer };
}
