import type { AccountDeps } from "./account-deps.js";
import { findWays } from "./identity-acts.js";
import type { DescribeSection } from "./security-section.js";

type PasswordSectionDeps = Pick<AccountDeps, "accounts" | "upstreamProviders" | "listForSignIn">;

export function createPasswordSection(deps: PasswordSectionDeps): DescribeSection {
  return async ({ account }) => {
    const [record, ways] = await Promise.all([
      deps.accounts.findForSignIn(account.username),
      findWays(deps),
    ]);
    if (record?.passwordHash === undefined) return undefined;
    return {
      name: "password",
      title: "Password",
      status: ways.password ? "Your password is set." : "Set, but not used to sign in here.",
      mark: ways.password ? "done" : "neutral",
      items: [],
      actions: [],
    };
  };
}
