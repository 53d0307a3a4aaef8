import { message } from "../../lib/message.js";
import type { AccountDeps } from "./account-deps.js";
import { findWays } from "./identity-acts.js";
import type { DescribeSection } from "./security-section.js";

type PasswordSectionDeps = Pick<
  AccountDeps,
  "accounts" | "upstreamProviders" | "listForSignIn" | "arePasskeysOn" | "basePath"
>;

export function createPasswordSection(deps: PasswordSectionDeps): DescribeSection {
  return async ({ account }) => {
    const [record, ways] = await Promise.all([
      deps.accounts.findForSignIn(account.username),
      findWays(deps),
    ]);
    const href = `${deps.basePath}/account/password`;
    if (record?.passwordHash === undefined) {
      if (!ways.password) return undefined;
      return {
        name: "password",
        title: message("security.password"),
        status: message("security.password-none"),
        mark: "neutral",
        items: [],
        actions: [{ label: message("password.set"), href }],
      };
    }
    return {
      name: "password",
      title: message("security.password"),
      status: message(ways.password ? "security.password-set" : "security.password-not-used"),
      mark: ways.password ? "done" : "neutral",
      items: [],
      actions: [{ label: message("password.change"), href }],
    };
  };
}
