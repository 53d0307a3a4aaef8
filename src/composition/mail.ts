import { randomUUID } from "node:crypto";
import { toAccountId } from "../accounts/account.js";
import { NOT_ME_PURPOSE } from "../accounts/not-me.js";
import { createOneTimeCodes } from "../accounts/one-time-codes.js";
import { createMailer } from "../mail/mailer.js";
import { createRenderMail } from "../mail/render-mail.js";
import { createSendBySmtp } from "../mail/smtp.js";
import { createNotify } from "../mail/notify.js";
import { createSealedMails } from "../mail/sealed-mail.js";
import type { Foundation } from "./foundation.js";
import { VIEWS, type Pages } from "./pages.js";

export type Mail = ReturnType<typeof createMail>;

/** 7 days: a notice may lie in a mailbox over a holiday. */
const NOT_ME_SECONDS = 7 * 86_400;

/** What is sent to people, and what they send back to prove that it reached them. */
export function createMail(foundation: Foundation, { translators }: Pick<Pages, "translators">) {
  const { config, stores, secrets, issuer, clock, logger } = foundation;
  const { accounts, mailStore, oneTimeCodeStore } = stores;
  const sealedMails = createSealedMails(secrets.mail);
  const unsent = config.mode === "development" ? "outbox" : "off";
  const mailWay = config.smtp === undefined ? unsent : "smtp";
  const mailer = createMailer({ mailStore, sealedMails, clock, mailWay });
  const oneTimeCodes = createOneTimeCodes({
    oneTimeCodeStore,
    oneTimeCodeMac: secrets.oneTimeCodeHashes,
    oneTimeCodeSealer: secrets.oneTimeCodes,
    clock,
  });
  const { host } = new URL(issuer);
  return {
    sealedMails,
    renderMail: createRenderMail({
      viewsDirectory: VIEWS,
      translators,
      sender: { service: displayName(config.mailFrom) ?? host, host },
    }),
    sendBySmtp: config.smtp === undefined ? undefined : createSendBySmtp(config.smtp, clock),
    mailer,
    oneTimeCodes,
    notify: createNotify({
      mailer,
      async findRecipient(accountId) {
        const account = await accounts.find(toAccountId(accountId));
        if (account?.email === undefined || !account.emailVerified) return undefined;
        return { to: account.email, language: account.profile.locale };
      },
      async issueNotMeUrl(accountId, kind) {
        const { token } = await oneTimeCodes.issue({
          purpose: NOT_ME_PURPOSE,
          // Each has its own: a later notice must not take the link of an earlier one away.
          subject: `${accountId}.${randomUUID()}`,
          data: { accountId, kind },
          // As long as there is something to be saved.
          lifetimeSeconds:
            kind === "deletion_requested"
              ? Math.max(NOT_ME_SECONDS, config.deletionGraceSeconds)
              : NOT_ME_SECONDS,
        });
        return `${issuer}/account/not-me?token=${token}`;
      },
      clock,
      logger,
    }),
  };
}

/** What stands before the angle brackets. */
function displayName(from: string | undefined): string | undefined {
  return /^(.+) </.exec(from ?? "")?.[1];
}
