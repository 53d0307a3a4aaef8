import type { Setting } from "./setting.js";
import { yesOrNo } from "./setting-types.js";

/** Signing in with passkeys. */
export const passkeySettings = {
  PASSKEYS: {
    group: "Passkeys",
    meaning:
      "People may sign in with passkeys, and add them to their account ([guide](guides/passkeys.md)). They belong to the host name of `ISSUER` for ever.",
    type: yesOrNo,
    default: "true",
    example: "false",
    constraints: "true or false; without effect where the host of `ISSUER` is an IP address",
  },
  PASSKEY_OFFER: {
    group: "Passkeys",
    meaning:
      "Whoever signs in with a password and has no passkey is asked once in 30 days whether they want one.",
    type: yesOrNo,
    default: "true",
    example: "false",
    constraints: "true or false",
  },
} satisfies Record<string, Setting>;
