/** A code to type and the page with the button that does the same. */
interface CodeValues {
  readonly code: string;
  /** Absolute, made of the issuer. */
  readonly url: string;
  readonly minutes: number;
}

/** What people know of an act, to tell whether it was theirs. */
export interface NoticeValues {
  /** Seconds since the epoch. */
  readonly atSeconds: number;
  readonly device?: string | undefined;
  readonly place?: string | undefined;
  /** What was added, removed or connected, as the person named it. */
  readonly name?: string | undefined;
  /** The page for whoever it was not. Undefined: there is none. */
  readonly notMeUrl?: string | undefined;
}

/** Why an account's person is told something for safety's sake. */
export const NOTICE_KINDS = [
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

/** Every mail that there is, and what its words need. */
export interface MailTemplates extends Record<NoticeKind, NoticeValues> {
  /** To an address that wants an account. */
  confirm_sign_up: CodeValues;
  /** To the owner of an account, whose address was given to sign up. */
  sign_up_existing: { readonly url: string };
  reset_password: CodeValues;
  /** To an address that an account is to have, or has and has not confirmed. */
  confirm_address: CodeValues;
  /** To the owner of an address that another account was to have. */
  address_in_use: { readonly url: string };
}

export type MailTemplate = keyof MailTemplates;
