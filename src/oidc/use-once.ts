import { hash } from "node:crypto";
import type { ModelStore } from "./model-store.js";

/**
 * Lets something that travels with a browser be used once, at whichever node it comes back.
 * @returns true for the first call of all nodes within the time, false for any other.
 */
export type UseOnce = (id: string, rememberedSeconds: number) => Promise<boolean>;

/** @param purpose keeps its ids apart from those of others. */
export function createUseOnce(models: Pick<ModelStore, "insertOnce">, purpose: string): UseOnce {
  return (id, rememberedSeconds) => {
    const key = hash("sha256", `${purpose} ${id}`, "base64url");
    return models.insertOnce("ReplayDetection", key, {}, rememberedSeconds);
  };
}
