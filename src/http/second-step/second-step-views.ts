/** What the templates in `views/second-step/` are told. */
import type { Message } from "../../lib/message.js";

export interface SecondStepViews {
  "second-step/code": CodeView;
  "second-step/passkey": PasskeyView;
  "second-step/set-up": SetUpView;
  "second-step/recovery-codes": RecoveryCodesView;
  "second-step/new-codes": NewCodesView;
}

export const IS_SECOND_STEP_VIEW: Record<keyof SecondStepViews, true> = {
  "second-step/code": true,
  "second-step/passkey": true,
  "second-step/set-up": true,
  "second-step/recovery-codes": true,
  "second-step/new-codes": true,
};

interface SecondStepForm {
  readonly action: string;
  /** Sent as `csrf_token`. */
  readonly csrfToken: string;
  /** Sent as `sealed_request`; "" where no application waits. */
  readonly sealedRequest: string;
}

/** Posts `code`, and `kind`. */
export interface CodeView extends SecondStepForm {
  /** Of the app, or a recovery code. */
  readonly kind: "app" | "recovery";
  /** Who asks for a second step; undefined: the person does, who has one. */
  readonly why: Message | undefined;
  readonly person: { readonly name: string; readonly detail: string };
  /** Of recovery codes that are not used. */
  readonly recoveryCodesLeft: number;
  /** To the page for the other kind of code. */
  readonly otherKindUrl: string;
  /** Where a passkey can be used; undefined: the account has none. */
  readonly passkeyUrl: string | undefined;
  /** Begins the sign-in anew. */
  readonly otherAccountUrl: string;
  readonly error: Message | undefined;
}

/** Of an account that has nothing but a passkey for it. */
export interface PasskeyView extends Pick<CodeView, "why" | "person" | "otherAccountUrl"> {
  readonly passkeyUrl: string;
}

/** Posts `code` and `secret`. */
export interface SetUpView extends SecondStepForm {
  readonly why: Message | undefined;
  readonly person: { readonly name: string; readonly detail: string };
  /** Sealed. */
  readonly secret: string;
  /** In groups, to be typed. */
  readonly secretText: string;
  /** `otpauth:`, for the device that has the app itself. */
  readonly uri: string;
  /** `data:` URL. */
  readonly qrImage: string;
  /** There is one already, which this one takes the place of. */
  readonly replaces: boolean;
  readonly cancelUrl: string;
  readonly error: Message | undefined;
}

/** Posts nothing else. */
export interface RecoveryCodesView extends SecondStepForm {
  readonly codes: readonly string[];
  /** `data:` URL of the same as text. */
  readonly textUrl: string;
}

/** Posts nothing else: makes new codes. */
export interface NewCodesView extends Pick<SecondStepForm, "action" | "csrfToken"> {
  readonly cancelUrl: string;
}
