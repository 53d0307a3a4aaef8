import { message } from "../../src/lib/message.js";
import type { AccountViews } from "../../src/http/account/account-views.js";
import { CORP, GITHUB } from "./federation-samples.js";

/** 3 November 2026. */
const AUTUMN = { atSeconds: 1_793_664_000, show: "date" } as const;

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
];

const NAMES = ["security", "sign-ins", "apps"];
const HEADINGS = ["account-pages.security", "account-pages.sign-ins-heading", "account-pages.apps"];

const pageAt = (index: number) => ({
  page: NAMES[index] ?? "",
  heading: message(HEADINGS[index] ?? ""),
  pages: PAGES.map((page, at) => ({ ...page, isCurrent: at === index })),
});

const current = {
  device: "Firefox on Linux",
  place: "Network 203.0.113.x",
  lastUsed: "just now",
  signedIn: "3 hours ago",
  apps: ["Example Notes", "Example Payroll"],
};

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
  purpose: "sign out Safari on iPhone",
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
  "account/sign-ins": {
    several: {
      ...frame,
      ...pageAt(1),
      isOneOfSeveral: true,
      notice: "Signed out: Chrome on Windows.",
      current,
      others: [
        {
          handle: "handle-1",
          device: "Safari on iPhone",
          place: "Network 2001:db8:1:…",
          lastUsed: "2 days ago",
          signedIn: "on 3 November 2026",
          apps: ["Überregionales Reimbursement & Business Travel Portal", "Example Notes"],
        },
        {
          handle: "handle-2",
          device: "Unknown device",
          place: "Unknown network",
          lastUsed: "5 minutes ago",
          signedIn: "12 days ago",
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
            { title: "Your identity", items: ["Know who you are when you sign in"] },
            { title: "Contact", items: ["See your email address"] },
            { title: "Example Calendar", items: ["See your events", "Add and change events"] },
          ],
          offline: true,
          use: "Last used 3 hours ago",
          allowed: "on 3 November 2026",
        },
        {
          clientId: "payroll",
          name: "Überregionales Reimbursement & Business Travel Portal",
          uri: undefined,
          groups: [],
          offline: false,
          use: "Not in use at present",
          allowed: undefined,
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
      error: "The email, username or password is not right.",
      status: 422,
    },
    ended: { ...signIn, wasEnded: true },
    providers: { ...signIn, providers: [GITHUB, CORP] },
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
    wrong: { ...confirm, error: "The password is not right.", status: 422 },
    provider: { ...confirm, providers: [CORP] },
  },
  "account/security": {
    several: {
      ...frame,
      ...pageAt(0),
      notice: "You can sign in with GitHub now.",
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
  "account/password": {
    change: {
      ...frame,
      ...pageAt(0),
      heading: message("password.change"),
      hasPassword: true,
      username: "ada",
      problems: [],
    },
    wrong: {
      ...frame,
      ...pageAt(0),
      heading: message("password.change"),
      hasPassword: true,
      username: "ada",
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
