import { message, type Message } from "../../lib/message.js";
import type { FormRefusal } from "../too-many-attempts.js";

/**
 * What a page needs to ask the browser for a passkey (`views/partials/passkeys.njk`). Its form posts
 * `passkey_challenge`, and as `passkey` what the authenticator answered.
 */
export interface PasskeyPrompt {
  readonly action: string;
  readonly challenge: string;
  /** Of `navigator.credentials`, as JSON. */
  readonly options: string;
  /** A passkey that is not known here any more, as JSON, for its manager to forget. */
  readonly unknown?: string | undefined;
}

/** Of the view of such a page. */
export interface AsksForPasskey {
  /** Undefined: nobody can sign in here with one. */
  readonly passkey: PasskeyPrompt | undefined;
  readonly passkeyError: Message | undefined;
}

export interface PasskeyOfferView {
  readonly csrfToken: string;
  /** Undefined: passkeys have been switched off meanwhile. */
  readonly passkey: PasskeyPrompt | undefined;
  /** Ours, and leads on to the application. */
  readonly laterUrl: string;
  readonly isRefused: boolean;
}

/** What the page says after a passkey was refused. */
export interface PasskeyProblem {
  readonly passkeyError: Message;
  /** Of `PasskeyPrompt`. */
  readonly unknown?: string | undefined;
  readonly status: FormRefusal["status"];
}

/** The same words for every reason, so that nobody learns which accounts exist or are disabled. */
export function passkeyProblem(unknown?: string): PasskeyProblem {
  return { passkeyError: message("passkeys.refused"), unknown, status: 422 };
}
