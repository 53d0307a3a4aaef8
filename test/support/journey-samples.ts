import type { JourneyViews } from "../../src/http/journey-views.js";
import { message } from "../../src/lib/message.js";
import { WAIT_OVER } from "./wait-over.js";

type States<View> = Record<string, View & { status?: number }>;

const long = "maximiliane.mustermann-beispielhausen@subsidiary.example.org";

const start = {
  action: "/submit",
  csrfToken: "csrf-1",
  sealedRequest: "sealed-1",
  to: "",
  clientName: "Example Notes",
  returnHost: "notes.example",
  email: "",
  termsUrl: undefined,
  isAccepted: false,
  problems: [],
  signInUrl: "/sign-in",
  cancelAction: "/cancel",
};

const code = {
  heading: message("signup.code-heading"),
  sent: message("signup.code-sent", { email: "ada@example.org" }),
  action: "/submit",
  csrfToken: "csrf-1",
  isSentAgain: false,
  error: undefined,
  resendAction: "/resend",
  resendWait: undefined,
  ways: [
    { href: "/address", label: message("signup.other-address") },
    { href: "/sign-in", label: message("signup.have-account") },
  ],
};

const account = {
  action: "/submit",
  csrfToken: "csrf-1",
  email: "ada@example.org",
  name: "",
  minPasswordLength: 15,
  passkey: { action: "/passkey", challenge: "challenge-1", options: "{}" },
  problems: [],
};

const done = {
  email: "ada@example.org",
  clientName: "Example Notes",
  isElsewhere: true,
  continueAction: undefined,
  csrfToken: "csrf-1",
  accountUrl: "/account",
};

const resetStart = {
  action: "/submit",
  csrfToken: "csrf-1",
  sealedRequest: "",
  to: "security",
  identifier: "",
  error: undefined,
  signInUrl: "/sign-in",
};

const resetPassword = {
  action: "/submit",
  csrfToken: "csrf-1",
  username: "ada@example.org",
  minPasswordLength: 15,
  problems: [],
};

/** Sign-up and reset. */
export const JOURNEY_STATES: { readonly [V in keyof JourneyViews]: States<JourneyViews[V]> } = {
  "sign-up/start": {
    first: { ...start, termsUrl: "https://example.org/terms" },
    hinted: { ...start, email: "ada@example.org" },
    limited: {
      ...start,
      email: "ada@example.org",
      problems: [{ field: "email", text: message("limits.many-hour", { n: 1, at: WAIT_OVER }) }],
      status: 429,
    },
    account: {
      ...start,
      clientName: undefined,
      returnHost: undefined,
      cancelAction: undefined,
      sealedRequest: "",
    },
    wrong: {
      ...start,
      clientName: "Überregionales Reimbursement & Business Travel Portal",
      returnHost: "reimbursement-and-business-travel.portal.internal.example",
      termsUrl: "https://example.org/terms",
      email: "ada@example",
      problems: [
        { field: "email", text: message("signup.email-invalid") },
        { field: "terms", text: message("signup.terms-missing") },
      ],
      status: 422,
    },
  },
  "sign-up/account": {
    first: account,
    wrong: {
      ...account,
      email: long,
      name: "Maximiliane Mustermann-Beispielhausen",
      problems: [
        { field: "name", text: message("signup.name-invalid") },
        { field: "password", text: message("signup.email-missing") },
      ],
      status: 422,
    },
  },
  "sign-up/done": {
    elsewhere: done,
    here: { ...done, isElsewhere: false, continueAction: "/continue" },
    account: { ...done, email: long, clientName: undefined, isElsewhere: false },
  },
  "enter-code": {
    first: code,
    again: { ...code, isSentAgain: true, resendWait: { seconds: 300, at: WAIT_OVER } },
    limited: {
      ...code,
      error: message("limits.many-minute", { n: 5, at: WAIT_OVER }),
      status: 429,
    },
    resendLimited: {
      ...code,
      resendWait: { seconds: 300, at: WAIT_OVER },
      error: message("limits.many-minute", { n: 5, at: WAIT_OVER }),
      isOfResend: true,
      status: 429,
    },
    wrong: {
      ...code,
      sent: message("reset.code-sent", { identifier: long }),
      error: message("signup.code-refused"),
      ways: code.ways.slice(1),
      status: 422,
    },
  },
  "follow-link": {
    signUp: {
      heading: message("signup.link-heading"),
      explanation: message("signup.link-explanation", { email: long }),
      action: "/submit",
      csrfToken: "csrf-1",
      token: "token-1",
      label: message("signup.link-confirm"),
    },
    reset: {
      heading: message("reset.link-heading"),
      explanation: message("reset.link-explanation", { username: "ada" }),
      action: "/submit",
      csrfToken: "csrf-1",
      token: "token-1",
      label: message("reset.link-confirm"),
    },
    keepAccount: {
      heading: message("deletion.link-heading"),
      explanation: message("deletion.link-explanation", {
        username: long,
        date: { atSeconds: 1_797_000_000, show: "date-time" },
      }),
      action: "/submit",
      csrfToken: "csrf-1",
      token: "token-1",
      label: message("deletion.keep"),
      aside: message("deletion.link-aside"),
    },
  },
  "journey-ended": {
    link: {
      heading: message("signup.link-ended-heading"),
      explanation: message("signup.link-ended"),
      ways: [
        { href: "/sign-up", label: message("signup.start-again") },
        { href: "/sign-in", label: message("common.sign-in") },
      ],
      status: 410,
    },
    taken: {
      heading: message("signup.taken-heading"),
      explanation: message("signup.taken", { email: long }),
      ways: [
        { href: "/sign-in", label: message("common.sign-in") },
        { href: "/reset", label: message("reset.title") },
      ],
      status: 409,
    },
    reset: {
      heading: message("reset.ended-heading"),
      explanation: message("reset.ended"),
      ways: [
        { href: "/reset", label: message("reset.start-again") },
        { href: "/sign-in", label: message("reset.back-to-sign-in") },
      ],
      status: 410,
    },
  },
  "reset/start": {
    first: resetStart,
    empty: { ...resetStart, error: message("reset.identifier-missing"), status: 422 },
    limited: {
      ...resetStart,
      identifier: "ada@example.org",
      error: message("limits.many-minute", { n: 15, at: WAIT_OVER }),
      status: 429,
    },
  },
  "reset/password": {
    first: resetPassword,
    wrong: {
      ...resetPassword,
      username: long,
      problems: [{ field: "password", text: message("reset.identifier-missing") }],
      status: 422,
    },
  },
  "reset/done": {
    application: { clientName: "Example Notes", signInUrl: "/sign-in" },
    account: { clientName: undefined, signInUrl: "/sign-in" },
  },
};
