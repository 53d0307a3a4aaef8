import { fileURLToPath } from "node:url";
import { createTranslators } from "../../src/language/translators.js";

/** Of the product, read once for all tests. */
export const translators = createTranslators({
  directory: fileURLToPath(new URL("../../../views/messages", import.meta.url)),
});
