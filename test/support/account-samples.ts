import { asWritten, message } from "../../src/lib/message.js";
import type { AccountViews } from "../../src/http/account/account-views.js";
import { EMAIL_STATES } from "./email-samples.js";
import { CORP, GITHUB } from "./federation-samples.js";
import { describeScopes } from "../../src/oidc/scope-words.js";
import { PASSKEY_PROMPT, PASSKEY_STATES } from "./passkey-samples.js";

/** 3 November 2026. */
const AUTUMN = { atSeconds: 1_793_664_000, show: "date" } as const;

const ago = (count: number, unit: "minute" | "hour" | "day") =>
  message("common.ago", { when: { ago: count, unit } });

/** 3 November 2026. */
const ON_A_DAY = message("common.on-date", { date: { atSeconds: 1_793_700_000, show: "date" } });

const frame = {
  csrfToken: "csrf-1",
  person: { name: "Ada Example", detail: "ada@example.org" },
  base: "/account",
  isOneOfSeveral: false,
  notice: undefined,
};

const PAGES = [
  { href: "/account/security", label: message("account-pages.security") },
  { href: "/account/sign-ins", label: message("account-pages.sign-ins") },
  { href: "/account/apps", label: message("account-pages.apps") },
  { href: "/account/profile", label: message("account-pages.profile") },
  { href: "/account/activity", label: message("account-pages.activity") },
  { href: "/account/data", label: message("account-pages.data") },
];

const NAMES = ["security", "sign-ins", "apps", "profile", "activity", "data"];
const HEADINGS = [
  "account-pages.security",
  "account-pages.sign-ins-heading",
  "account-pages.apps",
  "account-pages.profile",
  "account-pages.activity",
  "account-pages.data",
];

const pageAt = (index: number) => ({
  page: NAMES[index] ?? "",
  heading: message(HEADINGS[index] ?? ""),
  pages: PAGES.map((page, at) => ({ ...page, isCurrent: at === index })),
});

const current = {
  device: message("account.device-on", { browser: "Firefox", system: "Linux" }),
  place: message("account.place", { address: "203.0.113.x" }),
  lastUsed: message("common.just-now"),
  signedIn: ago(3, "hour"),
  apps: ["Example Notes", "Example Payroll"],
};

const PROFILE_FIELDS_SHOWN = [
  {
    name: "name",
    label: message("profile.label-name"),
    hint: undefined,
    autocomplete: "name",
    options: undefined,
    shown: "Ada Example",
    value: "Ada Example",
  },
  {
    name: "zoneinfo",
    label: message("profile.label-zoneinfo"),
    hint: message("profile.hint-zoneinfo"),
    autocomplete: undefined,
    options: undefined,
    shown: "Europe/Berlin",
    value: "Europe/Berlin",
  },
];

const signIn = {
  base: "/account",
  csrfToken: "csrf-1",
  to: "sign-ins",
  accounts: [],
  wasEnded: false,
  identifier: "",
  keep: false,
  hasPassword: true,
  providers: [],
  error: undefined,
  passkey: undefined,
  passkeyError: undefined,
};

const confirm = {
  action: "/account/confirm",
  cancelUrl: "/account",
  csrfToken: "csrf-1",
  act: "sealed-act",
  purpose: message("account.act-end-session", {
    device: message("account.device-on", { browser: "Safari", system: "iPhone" }),
  }),
  person: frame.person,
  username: "ada",
  hasPassword: true,
  providers: [],
  error: undefined,
  passkey: undefined,
  passkeyError: undefined,
};

/** The states of the account's pages; see `page-samples.ts`. */
export const ACCOUNT_STATES: {
  readonly [V in keyof AccountViews]: Record<string, AccountViews[V] & { status?: number }>;
} = {
  ...PASSKEY_STATES,
  ...EMAIL_STATES,
  "account/sign-ins": {
    several: {
      ...frame,
      ...pageAt(1),
      isOneOfSeveral: true,
      notice: message("account.device-ended", {
        device: message("account.device-on", { browser: "Chrome", system: "Windows" }),
      }),
      current,
      others: [
        {
          handle: "handle-1",
          device: message("account.device-on", { browser: "Safari", system: "iPhone" }),
          place: message("account.place", { address: "2001:db8:1:…" }),
          lastUsed: ago(2, "day"),
          signedIn: ON_A_DAY,
          apps: ["Überregionales Reimbursement & Business Travel Portal", "Example Notes"],
        },
        {
          handle: "handle-2",
          device: message("account.device-unknown"),
          place: message("account.place-unknown"),
          lastUsed: ago(5, "minute"),
          signedIn: ago(12, "day"),
          apps: [],
        },
      ],
    },
    alone: { ...frame, ...pageAt(1), current, others: [] },
  },
  "account/apps": {
    several: {
      ...frame,
      ...pageAt(2),
      apps: [
        {
          clientId: "notes",
          name: "Example Notes",
          uri: "https://notes.example",
          groups: [
            ...describeScopes(["openid", "email"], []),
            {
              title: asWritten("Example Calendar"),
              items: [asWritten("See your events"), asWritten("Add and change events")],
            },
          ],
          offline: true,
          use: message("account.app-use-allowed", {
            use: message("account.app-used", { when: ago(3, "hour") }),
            when: ON_A_DAY,
          }),
        },
        {
          clientId: "payroll",
          name: "Überregionales Reimbursement & Business Travel Portal",
          uri: undefined,
          groups: [],
          offline: false,
          use: message("account.app-unused"),
        },
      ],
    },
    none: { ...frame, ...pageAt(2), apps: [] },
  },
  "account/sign-in": {
    first: signIn,
    wrong: {
      ...signIn,
      identifier: "ada@example.org",
      error: message("login.refused"),
      status: 422,
    },
    ended: { ...signIn, wasEnded: true },
    providers: { ...signIn, providers: [GITHUB, CORP] },
    passkey: { ...signIn, passkey: PASSKEY_PROMPT },
    switching: {
      ...signIn,
      accounts: [
        { handle: "s1", name: "Ada Example", detail: "ada@example.org", isInUse: true },
        { handle: "s2", name: "Grace Example", detail: "grace@example.org", isInUse: false },
      ],
    },
  },
  "account/confirm": {
    first: confirm,
    wrong: { ...confirm, error: message("login.wrong-password"), status: 422 },
    provider: { ...confirm, providers: [CORP] },
    passkey: { ...confirm, passkey: PASSKEY_PROMPT },
    "passkey-refused": {
      ...confirm,
      passkey: PASSKEY_PROMPT,
      passkeyError: message("passkeys.refused"),
      status: 422,
    },
  },
  "account/security": {
    several: {
      ...frame,
      ...pageAt(0),
      notice: message("account.linked", { provider: "GitHub" }),
      sections: [
        {
          name: "password",
          title: message("security.password"),
          status: message("security.password-set"),
          mark: "done",
          items: [],
          actions: [{ label: message("security.password"), href: "/account/password" }],
        },
        {
          name: "other",
          title: message("security.providers"),
          status: message("security.providers-none"),
          mark: "attention",
          items: [],
          actions: [],
        },
        {
          name: "providers",
          title: message("security.providers"),
          status: message("security.providers-some"),
          mark: "done",
          items: [
            {
              name: "GitHub",
              icon: "github",
              badge: undefined,
              facts: ["ada@example.org", message("security.connected-on", { date: AUTUMN })],
              action: {
                label: message("security.remove"),
                of: "GitHub",
                act: "unlink",
                fields: { identity: "identity-1" },
              },
            },
            {
              name: "Landesuniversität für angewandte Wissenschaften",
              icon: "organisation",
              badge: message("security.not-in-use"),
              facts: [
                "a.very.long.name.of.a.person@departments.university.example.org",
                message("security.connected-on", { date: AUTUMN }),
                message("security.used-on", { date: AUTUMN }),
                message("security.last-way"),
              ],
              action: undefined,
            },
          ],
          actions: [
            {
              label: message("security.connect", { name: "Corp" }),
              href: "/upstream/corp",
              icon: "organisation",
            },
            {
              label: message("security.connect", { name: "Google" }),
              href: "/upstream/google",
              icon: "google",
            },
          ],
        },
      ],
    },
    plain: {
      ...frame,
      ...pageAt(0),
      sections: [
        {
          name: "password",
          title: message("security.password"),
          status: message("security.password-set"),
          mark: "neutral",
          items: [],
          actions: [],
        },
      ],
    },
  },
  "account/profile": {
    first: {
      ...frame,
      ...pageAt(3),
      action: "/account/profile",
      manager: undefined,
      fields: PROFILE_FIELDS_SHOWN,
      problems: [],
    },
    changed: {
      ...frame,
      ...pageAt(3),
      action: "/account/profile",
      manager: undefined,
      fields: PROFILE_FIELDS_SHOWN,
      problems: [{ field: "name", text: message("profile.changed-meanwhile", { now: "Ada B." }) }],
      status: 422,
    },
    managed: {
      ...frame,
      ...pageAt(3),
      action: "/account/profile",
      manager: "Example Corp",
      fields: PROFILE_FIELDS_SHOWN.slice(0, 1),
      problems: [],
    },
  },
  "account/data": {
    grace: {
      ...frame,
      ...pageAt(5),
      exportAction: "/account/data/export",
      deleteUrl: "/account/data/delete",
      graceDays: 14,
    },
  },
  "account/delete": {
    first: {
      ...frame,
      ...pageAt(5),
      heading: message("deletion.ask-heading"),
      action: "/account/data/delete",
      cancelUrl: "/account/data",
      username: "ada",
      graceDays: 14,
      typed: "",
      problems: [],
    },
    mistyped: {
      ...frame,
      ...pageAt(5),
      heading: message("deletion.ask-heading"),
      action: "/account/data/delete",
      cancelUrl: "/account/data",
      username: "ada",
      graceDays: 0,
      typed: "eda",
      problems: [{ field: "username", text: message("deletion.mistyped", { username: "ada" }) }],
      status: 422,
    },
  },
  "account/leaving": {
    due: {
      base: "/account",
      csrfToken: "csrf-1",
      person: frame.person,
      due: message("deletion.due", { date: { atSeconds: 1_793_664_000, show: "date-time" } }),
    },
  },
  "account/deletion-requested": {
    grace: {
      told: message("deletion.requested", { date: AUTUMN }),
      accountUrl: "/account",
    },
    atOnce: { told: message("deletion.under-way"), accountUrl: "/account" },
  },
  "account/activity": {
    several: {
      ...frame,
      ...pageAt(4),
      days: 90,
      firstUrl: undefined,
      nextUrl: "/account/activity?after=1793664000.event",
      events: [
        {
          what: message("activity.kind-signed-in"),
          when: message("activity.when", { when: { atSeconds: 1_793_664_000, show: "date-time" } }),
          device: current.device,
          place: current.place,
          isWarning: false,
        },
        {
          what: message("activity.kind-sign-in-failed", { count: 112 }),
          when: message("activity.when", { when: { atSeconds: 1_793_660_000, show: "date-time" } }),
          device: message("account.device-unknown"),
          place: message("account.place", { address: "198.51.100.x" }),
          isWarning: true,
        },
        {
          what: message("activity.kind-app-allowed", {
            name: "Überregionales Reimbursement & Business Travel Portal",
          }),
          when: message("activity.when", { when: { atSeconds: 1_793_000_000, show: "date-time" } }),
          device: undefined,
          place: undefined,
          isWarning: false,
        },
      ],
    },
    none: {
      ...frame,
      ...pageAt(4),
      days: 1,
      firstUrl: "/account/activity",
      nextUrl: undefined,
      events: [],
    },
  },
  "account/password": {
    change: {
      ...frame,
      ...pageAt(0),
      heading: message("password.change"),
      hasPassword: true,
      username: "ada",
      minPasswordLength: 15,
      problems: [],
    },
    wrong: {
      ...frame,
      ...pageAt(0),
      heading: message("password.change"),
      hasPassword: true,
      username: "ada",
      minPasswordLength: 15,
      problems: [
        { field: "password", text: message("password.wrong") },
        { field: "new-password", text: "The password must have at least 15 characters." },
        { field: "new-password", text: "The password must not repeat one short piece." },
      ],
      status: 422,
    },
    first: {
      ...frame,
      ...pageAt(0),
      heading: message("password.set"),
      hasPassword: false,
      username: "ada",
      minPasswordLength: 15,
      problems: [],
    },
  },
  "account/link": {
    first: {
      base: "/account",
      csrfToken: "csrf-1",
      link: "sealed-link",
      provider: { name: "GitHub", icon: "github" },
      upstreamName: "ada@example.org",
      person: frame.person,
    },
  },
};
