import type { Context } from "koa";
import { message } from "../../lib/message.js";
import type { BrowserAccounts, HeldSession } from "../../oidc/browser-accounts.js";
import { describeAccount } from "../describe-account.js";
import type { FormGuard } from "../form-guard.js";
import type { AccountFrame } from "./account-views.js";
import type { Notices } from "./notice.js";

/** The pages of an account, by the name that `to` has: a new one is a row here. */
export const ACCOUNT_PAGES = {
  security: { path: "/account/security", label: "account-pages.security" },
  "sign-ins": {
    path: "/account/sign-ins",
    label: "account-pages.sign-ins",
    heading: "account-pages.sign-ins-heading",
  },
  apps: { path: "/account/apps", label: "account-pages.apps" },
  profile: { path: "/account/profile", label: "account-pages.profile" },
  activity: { path: "/account/activity", label: "account-pages.activity" },
  data: { path: "/account/data", label: "account-pages.data" },
} as const satisfies Record<string, PageRow>;

/** `label` and `heading` are keys of messages; without a heading the label is one. */
interface PageRow {
  readonly path: string;
  readonly label: string;
  readonly heading?: string;
}

export type AccountPage = keyof typeof ACCOUNT_PAGES;

/** The one that a form or link names; the first for anything else. */
export function parseAccountPage(name: unknown): AccountPage {
  return typeof name === "string" && isAccountPage(name) ? name : "security";
}

function isAccountPage(name: string): name is AccountPage {
  return Object.hasOwn(ACCOUNT_PAGES, name);
}

export interface FrameDeps {
  readonly browserAccounts: Pick<BrowserAccounts, "list">;
  readonly formGuard: FormGuard;
  readonly notices: Notices;
  readonly basePath: string;
}

/** @returns what surrounds a page; one below another page has a heading of its own. */
export function createFrame({ browserAccounts, formGuard, notices, basePath }: FrameDeps) {
  return async (
    ctx: Context,
    current: HeldSession,
    { page, heading = headingOf(ACCOUNT_PAGES[page]) }: { page: AccountPage; heading?: string },
  ): Promise<AccountFrame> => ({
    base: `${basePath}/account`,
    page,
    heading: message(heading),
    csrfToken: formGuard.issue(ctx, formPurpose(current)),
    isOneOfSeveral: (await browserAccounts.list(ctx)).length > 1,
    person: describeAccount(current.account),
    pages: Object.entries(ACCOUNT_PAGES).map(([name, { path, label }]) => ({
      href: basePath + path,
      label: message(label),
      isCurrent: name === page,
    })),
    notice: notices.take(ctx, current.uid),
  });
}

function headingOf({ label, heading = label }: PageRow): string {
  return heading;
}

/** A form counts only while the one uses this browser whose page it is on. */
export function formPurpose(current: HeldSession | undefined): string {
  return `account.${current?.uid ?? ""}`;
}
