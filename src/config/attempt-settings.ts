import type { Setting } from "./setting.js";
import { wholeNumber } from "./setting-types.js";

/** How often secrets may be tried. */
export const attemptSettings = {
  ATTEMPTS_PER_ACCOUNT_AND_NETWORK: {
    group: "Limits on attempts",
    meaning:
      "Wrong passwords for one account from one network before the first wait; the waits then grow ([all of them](security.md#limits-on-attempts)).",
    type: wholeNumber(1, 96),
    default: "5",
    example: "5",
    constraints: "1 to 96",
  },
  ATTEMPTS_PER_ACCOUNT: {
    group: "Limits on attempts",
    meaning:
      "Wrong passwords for one account from everywhere before the first wait. Devices that signed in to the account before are counted apart and do not wait for others.",
    type: wholeNumber(1, 96),
    default: "20",
    example: "20",
    constraints: "1 to 96",
  },
  ATTEMPTS_PER_NETWORK: {
    group: "Limits on attempts",
    meaning:
      "Wrong passwords from one network, at whatever accounts, before the first wait; so many are forgiven in an hour. More for networks that many people share.",
    type: wholeNumber(10, 3600),
    default: "100",
    example: "500",
    constraints: "10 to 3600",
  },
} satisfies Record<string, Setting>;
