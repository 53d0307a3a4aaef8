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
  DELETION_GRACE_DAYS: {
    group: "Accounts",
    meaning:
      "How long people who ask for their account to be deleted can still keep it. 0: it is deleted at once.",
    type: wholeNumber(0, 365),
    default: "14",
    example: "14",
    constraints: "0 to 365",
  },
} satisfies Record<string, Setting>;
