import { setTimeout as delay } from "node:timers/promises";
import type { ModelStore } from "../../src/oidc/model-store.js";

/**
 * From now on the store's reads answer late, as over a network. The embedded database answers at
 * once, so that requests to one process hardly overlap; this way all of many requests at once have
 * read before the first of them writes.
 */
export function delayReads(models: ModelStore, delayMs: number): void {
  const { find, findFamily } = models;
  models.find = async (...asked) => {
    const found = await find(...asked);
    await delay(delayMs);
    return found;
  };
  models.findFamily = async (...asked) => {
    const found = await findFamily(...asked);
    await delay(delayMs);
    return found;
  };
}
