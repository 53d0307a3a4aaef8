import { createAttemptLimits } from "../accounts/attempt-limits.js";
import { createAttemptRules } from "../accounts/attempt-rules.js";
import type { Mail } from "./mail.js";
import type { Foundation } from "./foundation.js";

export type Attempts = ReturnType<typeof createAttempts>;

/** Who has to wait before the next attempt. */
export function createAttempts(
  { stores, config, secrets, audit }: Foundation,
  { notify }: Pick<Mail, "notify">,
) {
  return createAttemptLimits({
    store: stores.attempts,
    rules: createAttemptRules(config.attempts),
    mac: secrets.attempts,
    audit,
    // Never rejects, and nobody waits for it.
    onManyFailures: (accountId) => void notify(accountId, "many_failures"),
  });
}
