import type { Message } from "../../../lib/message.js";
import type { AccountFrame } from "../account-views.js";
import type { FieldProblem } from "../field-problem.js";

/** What the templates about addresses in `views/account/` are told. All strings are plain text. */
export interface EmailViews {
  "account/email": EmailView;
  "account/not-me": NotMeView;
}

/** The same rows for run time. */
export const IS_EMAIL_VIEW: Record<keyof EmailViews, true> = {
  "account/email": true,
  "account/not-me": true,
};

/** Posts `email`. */
export interface EmailView extends AccountFrame {
  /** The address that the account has. */
  readonly current: string | undefined;
  readonly isConfirmed: boolean;
  /** As typed before, kept after an error; "" at first. */
  readonly typed: string;
  readonly problems: readonly FieldProblem[];
}

/** Posts `token`. */
export interface NotMeView {
  readonly action: string;
  readonly csrfToken: string;
  readonly token: string;
  readonly username: string;
  /** What happened, as the subject of the mail said it. */
  readonly what: Message;
  /** The address that the account gets back. */
  readonly email: string | undefined;
  /** The account was to be deleted, and stays. */
  readonly isDeletion: boolean;
}
