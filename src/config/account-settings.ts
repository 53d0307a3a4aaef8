import { EDITABLE_CLAIMS } from "../accounts/profile-fields.js";
import type { Setting } from "./setting.js";
import { textThat, wholeNumber } from "./setting-types.js";

const profileClaims = textThat((text) =>
  text.split(",").every((name) => EDITABLE_CLAIMS.includes(name.trim()))
    ? undefined
    : `list only ${EDITABLE_CLAIMS.join(", ")}, separated by commas`,
).transform((text) => text.split(",").map((name) => name.trim()));

/** What people do with their own account. */
export const accountSettings = {
  PROFILE_CLAIMS: {
    group: "Accounts",
    meaning:
      "What people may change on `/account/profile`, by the claims that applications are told (OpenID Connect Core §5.1).",
    type: profileClaims,
    default: "name,given_name,family_name,nickname,locale,zoneinfo",
    example: "name,picture,phone_number,address",
    constraints: `a list, separated by commas, of ${EDITABLE_CLAIMS.join(", ")}`,
  },
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
