/** What the templates in `views/reset/` are told. All strings are plain text. */
import type { FieldProblem } from "../account/field-problem.js";
import type { Message } from "../../lib/message.js";

export interface ResetViews {
  "reset/start": ResetStartView;
  "reset/password": ResetPasswordView;
  "reset/done": ResetDoneView;
}

/** Posts `identifier`. */
export interface ResetStartView {
  readonly action: string;
  readonly csrfToken: string;
  /** Posted as `sealed_request`; "" at the account's own pages. */
  readonly sealedRequest: string;
  /** Posted as `to`; "" at an interaction. */
  readonly to: string;
  readonly identifier: string;
  readonly error: Message | undefined;
  readonly signInUrl: string;
}

/** Posts `password`. */
export interface ResetPasswordView {
  readonly action: string;
  readonly csrfToken: string;
  /** For password managers. */
  readonly username: string;
  readonly minPasswordLength: number;
  readonly problems: readonly FieldProblem[];
}

export interface ResetDoneView {
  /** Undefined: on to the account. */
  readonly clientName: string | undefined;
  readonly signInUrl: string;
}
