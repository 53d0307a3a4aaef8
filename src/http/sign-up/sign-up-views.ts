/** What the templates in `views/sign-up/` are told. All strings are plain text. */
import type { PasskeyPrompt } from "../passkeys/passkey-prompt.js";
import type { FieldProblem } from "../account/field-problem.js";

export interface SignUpViews {
  "sign-up/start": SignUpStartView;
  "sign-up/account": SignUpAccountView;
  "sign-up/done": SignUpDoneView;
}

/** Posts `email` and perhaps `terms=yes`. */
export interface SignUpStartView {
  readonly action: string;
  readonly csrfToken: string;
  /** Posted as `sealed_request`; "" at the account's own pages. */
  readonly sealedRequest: string;
  /** Posted as `to`; "" at an interaction. */
  readonly to: string;
  /** Undefined at the account's own pages. */
  readonly clientName: string | undefined;
  readonly returnHost: string | undefined;
  readonly email: string;
  /** https; undefined: there are none. */
  readonly termsUrl: string | undefined;
  readonly isAccepted: boolean;
  readonly problems: readonly FieldProblem[];
  readonly signInUrl: string;
  /** Takes the same two hidden fields. */
  readonly cancelAction: string | undefined;
}

/** Posts `name` and `password`. */
export interface SignUpAccountView {
  readonly action: string;
  readonly csrfToken: string;
  readonly email: string;
  readonly name: string;
  readonly minPasswordLength: number;
  /** Undefined: passkeys are off. Its form posts `name`, too. */
  readonly passkey: PasskeyPrompt | undefined;
  readonly problems: readonly FieldProblem[];
}

/** Posts to `continueAction`. */
export interface SignUpDoneView {
  readonly email: string;
  readonly clientName: string | undefined;
  /** Begun in another browser, in which the application waits. */
  readonly isElsewhere: boolean;
  readonly continueAction: string | undefined;
  readonly csrfToken: string;
  readonly accountUrl: string;
}
