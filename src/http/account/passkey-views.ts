import type { Message } from "../../lib/message.js";
import type { PasskeyPrompt } from "../passkeys/passkey-prompt.js";
import type { AccountFrame } from "./account-views.js";
import type { FieldProblem } from "./field-problem.js";

export interface PasskeyViews {
  "account/passkeys": PasskeysView;
  "account/passkey-new": NewPasskeyView;
  "account/passkey-name": PasskeyNameView;
}

/** Of `IS_VIEW`. */
export const IS_PASSKEY_VIEW: Record<keyof PasskeyViews, true> = {
  "account/passkeys": true,
  "account/passkey-new": true,
  "account/passkey-name": true,
};

/** Posts `act=remove-passkey` and `passkey` to `acts`. */
export interface PasskeysView extends AccountFrame {
  readonly passkeys: readonly PasskeyRow[];
  /** What passkey managers may keep, as JSON. */
  readonly accepted: string;
}

export interface PasskeyRow {
  readonly credentialId: string;
  readonly name: string;
  readonly facts: readonly Message[];
  /** Without it nobody could sign in. */
  readonly isOnlyWay: boolean;
}

export interface NewPasskeyView extends AccountFrame {
  /** Undefined: passkeys have been switched off meanwhile. */
  readonly passkey: PasskeyPrompt | undefined;
  readonly problems: readonly FieldProblem[];
}

/** Posts `passkey` and `name`. */
export interface PasskeyNameView extends AccountFrame {
  readonly credentialId: string;
  readonly name: string;
  readonly problems: readonly FieldProblem[];
}
