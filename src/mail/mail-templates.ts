import type { Message } from "../lib/message.js";

/** A code to type and the page with the button that does the same. */
export interface CodeValues {
  /** Eight digits. */
  readonly code: string;
  /** Absolute, made of the issuer. */
  readonly url: string;
  /** For so long both count. */
  readonly minutes: number;
}

export interface LinkValues {
  /** Absolute, made of the issuer. */
  readonly url: string;
}

/** What people know of an act, to tell whether it was theirs. */
export interface NoticeValues {
  readonly atSeconds: number;
  readonly device?: string | Message | undefined;
  readonly place?: string | Message | undefined;
  /** What was added, removed or connected, as the person named it. */
  readonly name?: string | Message | undefined;
  /** Until then the page at `url` takes it back, for whoever has changed their mind. */
  readonly keep?: { readonly untilSeconds: number; readonly url: string } | undefined;
  /** The page for whoever it was not. Undefined: there is none. */
  readonly notMeUrl?: string | undefined;
}

/** Why an account's person is told something for safety's sake. */
const NOTICE_KINDS = [
  "password_changed",
  "password_reset",
  "email_changed",
  "passkey_added",
  "passkey_removed",
  "second_step_on",
  "second_step_off",
  "recovery_codes_made",
  "recovery_code_used",
  "new_device",
  "many_failures",
  "deletion_requested",
  "deletion_cancelled",
  "account_deleted",
  "identity_linked",
  "identity_unlinked",
  "account_disabled",
] as const;

export type NoticeKind = (typeof NOTICE_KINDS)[number];

/**
 * Every mail that there is, and what it needs. The words of a new one are `subject-<name>`,
 * `text-<name>` and, with a link, `action-<name>` in `views/messages/<language>/mail.json`.
 */
export interface MailTemplates extends Record<NoticeKind, NoticeValues> {
  /** To an address that wants an account. */
  confirm_sign_up: CodeValues;
  /** To the owner of an account, whose address was given to sign up. */
  sign_up_existing: LinkValues;
  reset_password: CodeValues;
  /** To an address that an account is to have, or has and has not confirmed. */
  confirm_address: CodeValues;
  /** To the owner of an address that another account was to have. */
  address_in_use: LinkValues;
}

export type MailTemplate = keyof MailTemplates;
export type MailValues = MailTemplates[MailTemplate];

export function isNoticeKind(template: MailTemplate): template is NoticeKind {
  return NOTICE_KINDS.some((kind) => kind === template);
}
