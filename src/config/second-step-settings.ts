import type { Setting } from "./setting.js";
import { oneOf } from "./setting-types.js";

/** What people sign in with beside their password. */
export const secondStepSettings = {
  SECOND_STEP: {
    group: "Second step",
    meaning:
      "A second step after the password, by an authenticator app: nobody has one (`off`), people set one up if they like and applications may ask for it (`optional`), or everybody needs one (`required`).",
    type: oneOf(["off", "optional", "required"]),
    default: "optional",
    example: "required",
    constraints: "off, optional or required",
  },
} satisfies Record<string, Setting>;
