import type { Setting } from "./setting.js";
import { wholeNumber } from "./setting-types.js";

/** What people do with their own account. */
export const accountSettings = {
  ACTIVITY_DAYS: {
    group: "Accounts",
    meaning: "How long people see what happened to their account. The audit log is apart.",
    type: wholeNumber(1, 3650),
    default: "90",
    example: "90",
    constraints: "1 to 3650",
  },
} satisfies Record<string, Setting>;
