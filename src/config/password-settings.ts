import { z } from "zod";
import type { Setting } from "./setting.js";
import { wholeNumber } from "./setting-types.js";

/** What new passwords must be. */
export const passwordSettings = {
  PASSWORD_MIN_LENGTH: {
    group: "Passwords",
    meaning: "Characters that a new password has at least, where it is the only factor.",
    type: wholeNumber(8, 64),
    default: "15",
    example: "15",
    constraints: "8 to 64; NIST SP 800-63B-4 asks for 15",
  },
  PASSWORD_MIN_LENGTH_WITH_SECOND_STEP: {
    group: "Passwords",
    meaning: "The same where everybody needs a second step (`SECOND_STEP=required`).",
    type: wholeNumber(8, 64),
    default: "8",
    example: "10",
    constraints: "8 to 64",
  },
  BREACHED_PASSWORDS_FILE: {
    group: "Passwords",
    meaning:
      "A list of passwords that nobody may choose, beside the one that comes with the server ([how](operations.md#breached-passwords)).",
    type: z.string(),
    defaultNote: "none: the list of the 100,000 most common alone",
    example: "/var/lib/latchkey/pwned-passwords.txt",
    constraints:
      "a path; a text file of at most 5 million passwords, or of sorted SHA-1 hashes of any number, one a line",
  },
  PWNED_PASSWORDS_RANGE_URL: {
    group: "Passwords",
    meaning:
      "A service that is asked whether a new password was found in a breach. It learns five of the forty characters of a hash. Nothing is asked unless this is set.",
    type: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
    defaultNote: "none: no service is asked",
    example: "https://api.pwnedpasswords.com/range/",
    constraints: "http or https URL; the first five characters of the hash are put behind it",
  },
} satisfies Record<string, Setting>;
