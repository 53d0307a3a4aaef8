import type { Context } from "koa";
import type { BrowserAccounts, HeldSession } from "../../oidc/browser-accounts.js";
import { describeAccount } from "../describe-account.js";
import type { FormGuard } from "../form-guard.js";
import type { AccountFrame } from "./account-views.js";
import type { Notices } from "./notice.js";

/** The pages of an account, by the name that `to` has: a new one is a row here. */
export const ACCOUNT_PAGES = {
  security: { path: "/account/security", label: "Security", heading: "Security" },
  "sign-ins": {
    path: "/account/sign-ins",
    label: "Sign-ins",
    heading: "Where you are signed in",
  },
  apps: { path: "/account/apps", label: "Connected apps", heading: "Connected apps" },
} as const;

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

export function createFrame({ browserAccounts, formGuard, notices, basePath }: FrameDeps) {
  return async (ctx: Context, current: HeldSession, page: AccountPage): Promise<AccountFrame> => ({
    base: `${basePath}/account`,
    page,
    heading: ACCOUNT_PAGES[page].heading,
    csrfToken: formGuard.issue(ctx, formPurpose(current)),
    isOneOfSeveral: (await browserAccounts.list(ctx)).length > 1,
    person: describeAccount(current.account),
    pages: Object.entries(ACCOUNT_PAGES).map(([name, { path, label }]) => ({
      href: basePath + path,
      label,
      isCurrent: name === page,
    })),
    notice: notices.take(ctx, current.uid),
  });
}

/** A form counts only while the one uses this browser whose page it is on. */
export function formPurpose(current: HeldSession | undefined): string {
  return `account.${current?.uid ?? ""}`;
}
