import type { Setting } from "./setting.js";
import { oneOf, textThat } from "./setting-types.js";

const MAX_VERSION_CHARACTERS = 64;

/** Who may make an account, and what they agree to. */
export const signUpSettings = {
  SIGN_UP: {
    group: "Sign-up",
    meaning:
      "Anybody who receives mail may make an account for themselves; applications may ask for it by `prompt=create` ([guide](guides/sign-up-and-reset.md)).",
    type: oneOf(["on", "off"]),
    defaultNote: "`on` in development, `off` in production",
    example: "on",
    constraints: "on or off; on needs `SMTP_URL` in production",
  },
  TERMS_URL: {
    group: "Sign-up",
    meaning:
      "What people must agree to at sign-up. Which version they agreed to, and when, is kept.",
    type: textThat((text) => {
      const url = URL.parse(text);
      return url?.protocol === "https:" && url.username === "" && url.password === ""
        ? undefined
        : "be an https URL without a user name or password";
    }),
    defaultNote: "none: nothing is asked",
    example: "https://example.com/terms",
    constraints: "an https URL; needs `TERMS_VERSION`",
  },
  TERMS_VERSION: {
    group: "Sign-up",
    meaning: "What is kept of the agreement. Change it when the terms change.",
    type: textThat((text) =>
      text.length <= MAX_VERSION_CHARACTERS && /^[\x21-\x7e]+$/.test(text)
        ? undefined
        : `be 1 to ${MAX_VERSION_CHARACTERS} visible ASCII characters`,
    ),
    defaultNote: "none",
    example: "2026-11-01",
    constraints: "1 to 64 visible ASCII characters; needs `TERMS_URL`",
  },
} satisfies Record<string, Setting>;
