import { randomInt, randomUUID } from "node:crypto";
import type { NewStatusList } from "../../src/tokens/status-list-store.js";

/** Open for an hour, and gone ten minutes later. */
export function newList(nowSeconds: number, capacity = 1024): NewStatusList {
  return {
    id: randomInt(1, 2 ** 48 - 1),
    seed: randomUUID(),
    capacity,
    closesAtSeconds: nowSeconds + 3600,
    expiresAtSeconds: nowSeconds + 4200,
  };
}
