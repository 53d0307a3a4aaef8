import type { AccountViews } from "../../src/http/account/account-views.js";
import { CORP, GITHUB } from "./federation-samples.js";

const frame = {
  csrfToken: "csrf-1",
  person: { name: "Ada Example", detail: "ada@example.org" },
  base: "/account",
  isOneOfSeveral: false,
  notice: undefined,
};

const PAGES = [
  { href: "/account/security", label: "Security" },
  { href: "/account/sign-ins", label: "Sign-ins" },
  { href: "/account/apps", label: "Connected apps" },
];

const NAMES = ["security", "sign-ins", "apps"];
const HEADINGS = ["Security", "Where you are signed in", "Connected apps"];

const pageAt = (index: number) => ({
  page: NAMES[index] ?? "",
  heading: HEADINGS[index] ?? "",
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
          title: "Password",
          status: "Your password is set.",
          mark: "done",
          items: [],
          actions: [{ label: "Change password", href: "/account/password" }],
        },
        {
          name: "second-step",
          title: "Second step",
          status: "Add a second step, so that your password alone opens nothing.",
          mark: "attention",
          items: [],
          actions: [{ label: "Add a second step", href: "/account/second-step" }],
        },
        {
          name: "providers",
          title: "Sign-in through others",
          status: "Whoever can sign in there can sign in to your account here.",
          mark: "done",
          items: [
            {
              name: "GitHub",
              icon: "github",
              badge: undefined,
              facts: ["ada@example.org", "Connected just now"],
              action: {
                label: "Remove",
                of: "GitHub",
                act: "unlink",
                fields: { identity: "identity-1" },
              },
            },
            {
              name: "Landesuniversität für angewandte Wissenschaften",
              icon: "organisation",
              badge: "Not in use here",
              facts: [
                "a.very.long.name.of.a.person@departments.university.example.org",
                "Connected on 3 November 2026 · used 12 days ago",
                "You cannot remove it: without it you could not sign in.",
              ],
              action: undefined,
            },
          ],
          actions: [
            { label: "Connect Corp", href: "/upstream/corp", icon: "organisation" },
            { label: "Connect Google", href: "/upstream/google", icon: "google" },
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
          title: "Password",
          status: "Your password is set.",
          mark: "neutral",
          items: [],
          actions: [],
        },
      ],
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
