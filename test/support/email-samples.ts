import type { EmailViews } from "../../src/http/account/email/email-views.js";
import { message } from "../../src/lib/message.js";
import { SECURITY_FRAME } from "./passkey-samples.js";
import { WAIT_OVER } from "./wait-over.js";

const page = {
  ...SECURITY_FRAME,
  heading: message("email.title"),
  current: "ada@example.org",
  isConfirmed: true,
  typed: "",
  problems: [],
};

const notMe = {
  action: "/account/not-me",
  csrfToken: "csrf-1",
  token: "token-1",
  username: "ada",
  what: message("mail.subject-new-device", { service: "login.example.com" }),
  email: undefined,
  isDeletion: false,
};

/** The states of the pages about addresses; see `page-samples.ts`. */
export const EMAIL_STATES: {
  readonly [V in keyof EmailViews]: Record<string, EmailViews[V] & { status?: number }>;
} = {
  "account/email": {
    first: page,
    unconfirmed: { ...page, isConfirmed: false },
    none: { ...page, current: undefined, isConfirmed: false },
    wrong: {
      ...page,
      typed: "ada@@example",
      problems: [{ field: "email", text: message("email.invalid") }],
      status: 422,
    },
    limited: {
      ...page,
      typed: "ada@example.net",
      problems: [{ field: "email", text: message("limits.many-minute", { n: 5, at: WAIT_OVER }) }],
      status: 429,
    },
  },
  "account/not-me": {
    first: notMe,
    deletion: {
      ...notMe,
      what: message("mail.subject-deletion-requested", { service: "login.example.com" }),
      isDeletion: true,
    },
    email: {
      ...notMe,
      what: message("mail.subject-email-changed", { service: "login.example.com" }),
      email: "a.very.long.name.of.a.person@departments.university.example.org",
    },
  },
};
