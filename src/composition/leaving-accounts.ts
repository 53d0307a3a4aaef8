import type { AccountId } from "../accounts/account.js";
import { createDeleteAccount } from "../accounts/delete-account.js";
import { createKeepByLink, issueKeepLink, KEEP_ACCOUNT_PURPOSE } from "../accounts/keep-by-link.js";
import type { createSessions } from "../oidc/create-sessions.js";
import { createExportAccount } from "../oidc/export-account.js";
import type { Foundation } from "./foundation.js";
import type { Mail } from "./mail.js";

/** How people take along what is kept of them, and go. */
export function createLeavingAccounts(
  foundation: Foundation,
  { mail, sessions }: { readonly mail: Mail; readonly sessions: ReturnType<typeof createSessions> },
) {
  const { stores, config, clock, issuer } = foundation;
  const { mailer, notify, oneTimeCodes } = mail;
  const deleteAccount = createDeleteAccount({
    ...foundation,
    ...stores,
    graceSeconds: config.deletionGraceSeconds,
    endAccess: (id) => sessions.endAccess.ofAccount(id, { reason: "account_deletion" }),
    clearAccess: (id) =>
      sessions.endSessions.endAllOfAccount(id, {
        reason: "account_deletion",
        includingOffline: true,
      }),
    cancelLink: (id) => oneTimeCodes.cancel({ purpose: KEEP_ACCOUNT_PURPOSE, subject: id }),
    async tell({ id, email, emailVerified, profile }, told) {
      if (email === undefined || !emailVerified) return;
      const language = profile.locale;
      if (told.kind === "account_deleted") {
        // Not of an account any more: nothing is to name it.
        const values = { atSeconds: clock.nowSeconds() };
        const { kind: template } = told;
        await mailer.send({ to: email, language: language ?? "en", template, values });
        return;
      }
      const keep =
        told.kind === "deletion_requested" ? keepUntil(id, told.dueAtSeconds) : undefined;
      await notify(id, told.kind, { to: email, language, keep });
    },
  });

  function keepUntil(accountId: AccountId, untilSeconds: number) {
    return {
      untilSeconds,
      async issueUrl() {
        const lifetimeSeconds = untilSeconds - clock.nowSeconds();
        const token = await issueKeepLink(oneTimeCodes, { accountId, lifetimeSeconds });
        return `${issuer}/account/deletion/link?token=${token}`;
      },
    };
  }

  return {
    exportAccount: createExportAccount({ ...foundation, ...stores, ...sessions }),
    deleteAccount,
    keepByLink: mailer.isOn
      ? createKeepByLink({ ...stores, oneTimeCodes, deleteAccount })
      : undefined,
  };
}
