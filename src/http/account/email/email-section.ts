import { message } from "../../../lib/message.js";
import type { AccountDeps } from "../account-deps.js";
import type { DescribeSection } from "../security-section.js";

/** How the person is reached when a way in fails. */
export function createEmailSection({ changeEmail, basePath }: EmailSectionDeps): DescribeSection {
  return async ({ account }) => {
    const { email, emailVerified } = account;
    if (changeEmail === undefined) return undefined;
    return {
      name: "email",
      title: message("email.title"),
      status:
        email === undefined
          ? message("email.none")
          : message(emailVerified ? "email.current-confirmed" : "email.current-unconfirmed", {
              email,
            }),
      mark: emailVerified ? "done" : "attention",
      items: [],
      actions: [
        {
          label: message(
            email === undefined || emailVerified ? "email.change" : "email.confirm-or-change",
          ),
          href: `${basePath}/account/email`,
        },
      ],
    };
  };
}

type EmailSectionDeps = Pick<AccountDeps, "changeEmail" | "basePath">;
