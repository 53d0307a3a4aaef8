import type { MailTemplate, MailTemplates } from "../../src/mail/mail-templates.js";

const code = {
  code: "04710815",
  url: "https://login.example.com/account/email/confirm?token=q5wUzV1mJ0sF6xLk2dQe8bTnYh3cRg7aPi4oMu9vEtA",
  minutes: 30,
};
const link = { url: "https://login.example.com/account" };
const notice = {
  atSeconds: 1_795_880_000,
  device: "Firefox on Linux",
  place: "Network 203.0.113.x",
  name: undefined,
  notMeUrl:
    "https://login.example.com/account/not-me?token=q5wUzV1mJ0sF6xLk2dQe8bTnYh3cRg7aPi4oMu9vEtA",
};

/** Every mail, as it may be; a new one does not compile without. */
export const MAIL_SAMPLES: MailTemplates = {
  confirm_sign_up: code,
  sign_up_existing: link,
  reset_password: code,
  confirm_address: code,
  address_in_use: link,
  password_changed: { ...notice, device: undefined, place: undefined },
  password_reset: notice,
  email_changed: notice,
  passkey_added: { ...notice, name: "Ada’s phone" },
  passkey_removed: { ...notice, name: "<b>Ada</b> & Co" },
  second_step_on: notice,
  second_step_off: notice,
  recovery_codes_made: notice,
  recovery_code_used: notice,
  new_device: notice,
  many_failures: notice,
  deletion_requested: {
    ...notice,
    keep: {
      untilSeconds: 1_797_000_000,
      url: "https://login.example.com/account/deletion/link?token=q5wUzV1mJ0sF6xLk2dQe8bTnYh3cRg7aPi4oMu9vEtB",
    },
  },
  deletion_cancelled: notice,
  account_deleted: { ...notice, notMeUrl: undefined },
  identity_linked: { ...notice, name: "GitHub" },
  identity_unlinked: { ...notice, name: "GitHub" },
  account_disabled: { ...notice, notMeUrl: undefined, device: undefined, place: undefined },
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table above
export const MAIL_TEMPLATES = Object.keys(MAIL_SAMPLES) as MailTemplate[];
