import { createDeleteAccount } from "../accounts/delete-account.js";
import type { createSessions } from "../oidc/create-sessions.js";
import { createExportAccount } from "../oidc/export-account.js";
import type { Foundation } from "./foundation.js";
import type { Mail } from "./mail.js";

/** How people take along what is kept of them, and go. */
export function createLeavingAccounts(
  foundation: Foundation,
  { mail, sessions }: { readonly mail: Mail; readonly sessions: ReturnType<typeof createSessions> },
) {
  const { stores, config, clock } = foundation;
  return {
    exportAccount: createExportAccount({ ...foundation, ...stores, ...sessions }),
    deleteAccount: createDeleteAccount({
      ...foundation,
      ...stores,
      graceSeconds: config.deletionGraceSeconds,
      endAccess: (id) => sessions.endAccess.ofAccount(id, { reason: "account_deletion" }),
      clearAccess: (id) =>
        sessions.endSessions.endAllOfAccount(id, {
          reason: "account_deletion",
          includingOffline: true,
        }),
      async tell({ id, email, emailVerified, profile }, kind) {
        if (email === undefined || !emailVerified) return;
        const language = profile.locale;
        if (kind !== "account_deleted") return mail.notify(id, kind, { to: email, language });
        // Not of an account any more: nothing is to name it.
        const values = { atSeconds: clock.nowSeconds() };
        await mail.mailer.send({ to: email, language: language ?? "en", template: kind, values });
      },
    }),
  };
}
