import { createChangeEmail } from "../accounts/change-email.js";
import { createNotMe } from "../accounts/not-me.js";
import type { Foundation } from "./foundation.js";
import type { createLeavingAccounts } from "./leaving-accounts.js";
import type { Mail } from "./mail.js";
import type { Protocol } from "./protocol.js";

interface OwnEmailParts {
  readonly mail: Mail;
  readonly protocol: Protocol;
  readonly leavingAccounts: ReturnType<typeof createLeavingAccounts>;
}

/** What people do about the address of their account, and by what is sent to it. */
export function createOwnEmail(
  { stores, issuer }: Foundation,
  { mail, protocol, leavingAccounts }: OwnEmailParts,
) {
  const { mailer, oneTimeCodes, notify } = mail;
  const { accounts } = stores;
  if (!mailer.isOn) return { changeEmail: undefined, notMe: undefined };
  return {
    changeEmail: createChangeEmail({
      accounts,
      oneTimeCodes,
      mailer,
      urls: {
        confirm: (token) => `${issuer}/account/email/confirm?token=${token}`,
        undo: (token) => `${issuer}/account/not-me?token=${token}`,
        account: `${issuer}/account/security`,
      },
      notifyFormer: ({ id }, { to, undoUrl }) =>
        notify(id, "email_changed", { to, notMeUrl: undoUrl }),
    }),
    notMe: createNotMe({
      accounts,
      oneTimeCodes,
      deleteAccount: leavingAccounts.deleteAccount,
      endAccess: (id) =>
        protocol.sessions.endSessions.endAllOfAccount(id, {
          reason: "person",
          includingOffline: true,
        }),
    }),
  };
}
