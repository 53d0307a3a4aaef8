import { createAttemptLimits } from "../accounts/attempt-limits.js";
import { createAttemptRules } from "../accounts/attempt-rules.js";
import type { Foundation } from "./foundation.js";

export type Attempts = ReturnType<typeof createAttempts>;

/** Who has to wait before the next attempt. */
export function createAttempts({ stores, config, secrets, audit }: Foundation) {
  return createAttemptLimits({
    store: stores.attempts,
    rules: createAttemptRules(config.attempts),
    mac: secrets.attempts,
    audit,
  });
}
