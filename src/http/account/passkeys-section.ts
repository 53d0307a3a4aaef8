import { message } from "../../lib/message.js";
import type { AccountDeps } from "./account-deps.js";
import { PASSKEYS_PATH } from "./passkey-acts.js";
import type { DescribeSection } from "./security-section.js";

type PasskeysSectionDeps = Pick<AccountDeps, "passkeys" | "arePasskeysOn" | "basePath">;

export function createPasskeysSection(deps: PasskeysSectionDeps): DescribeSection {
  return async ({ account }) => {
    if (!(await deps.arePasskeysOn())) return undefined;
    const { length: count } = await deps.passkeys.listOfAccount(account.id);
    const isAny = count > 0;
    return {
      name: "passkeys",
      title: message("passkeys.title"),
      status: message(isAny ? "passkeys.count" : "passkeys.none-yet", { count }),
      mark: isAny ? "done" : "neutral",
      items: [],
      actions: [
        {
          label: message(isAny ? "passkeys.manage" : "passkeys.add"),
          href: deps.basePath + PASSKEYS_PATH + (isAny ? "" : "/new"),
        },
      ],
    };
  };
}
